"""The Python node of the benchmark: a little work, as such nodes do."""

from promptflow.core import tool


@tool
def shape(text: str) -> dict:
    """Tidy the answer and count its words."""
    text = " ".join(text.split())
    return {"answer": text, "words": len(text.split())}
