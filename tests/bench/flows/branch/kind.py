"""Decides which branch a question takes."""

from promptflow.core import tool


@tool
def kind(question: str) -> str:
    """Say whether an explanation or an instruction is wanted."""
    return "why" if question.lower().startswith("why") else "how"
