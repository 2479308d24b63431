"""What all finders share: a stretch of a text, and whether it stands alone in it."""

Span = tuple[int, int]
"""Start and end, as in a slice."""


def alone(text: str, start: int, end: int, *, before: str = "", after: str = "") -> bool:
    """Say whether no ASCII letter or digit touches a stretch, nor one of these characters.

    Letters of other alphabets may touch: Chinese and Japanese write no spaces.
    """
    if start and _joins(text[start - 1], before):
        return False
    return end >= len(text) or not _joins(text[end], after)


def _joins(char: str, but: str) -> bool:
    return (char.isascii() and char.isalnum()) or char in but
