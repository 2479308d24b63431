"""What all finders share: a stretch of a text, and whether it stands alone in it."""

Span = tuple[int, int]
"""Start and end, as in a slice."""


_ESCAPES = ("\\n", "\\t", "\\r")


def alone(text: str, start: int, end: int, *, before: str = "", after: str = "") -> bool:
    """Say whether no ASCII letter or digit touches a stretch, nor one of these characters.

    Letters of other alphabets may touch: Chinese and Japanese write no spaces. So may the end of an escape
    such as `\\n`, which is a letter only in the source of a text.
    """
    if start and _joins(text[start - 1], before) and text[max(0, start - 2) : start] not in _ESCAPES:
        return False
    return end >= len(text) or not _joins(text[end], after)


def _joins(char: str, but: str) -> bool:
    return (char.isascii() and char.isalnum()) or char in but
