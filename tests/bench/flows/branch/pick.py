"""Joins the branches."""

from promptflow.core import tool


@tool
def pick(explained: str | None = None, instructed: str | None = None) -> str:
    """Take what the branch that ran has said."""
    return " ".join((explained or instructed or "").split())
