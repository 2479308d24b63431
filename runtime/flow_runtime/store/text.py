"""Texts of stores and users on their way into a message: one clean, bounded line."""

LINE_LIMIT = 300


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """Fold a text into one line of printable characters."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
