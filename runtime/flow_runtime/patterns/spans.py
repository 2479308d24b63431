"""What all finders share: a stretch of a text, whether it stands alone in it, and where one can be.

Finders look at a text and at its bytes: one byte for each character, `?` for what is not ASCII, so that
places in both are the same. To say that something is not in a text, bytes are many times quicker.
"""

from collections.abc import Iterator

Span = tuple[int, int]
"""Start and end, as in a slice."""


def bytes_of(text: str) -> bytes:
    """Give the bytes that finders look at."""
    return text.encode("ascii", "replace")


def members(characters: str) -> bytes:
    """Make the table of a class of ASCII characters, for `runs`."""
    return bytes(ord("a") if chr(code) in characters else ord(" ") for code in range(256))


def runs(raw: bytes, table: bytes, least: int) -> Iterator[Span]:
    """Find the whole stretches of a class, from so many characters on."""
    classes, run, end = raw.translate(table) + b" ", b"a" * least, 0
    while (start := classes.find(run, end)) >= 0:
        end = classes.index(b" ", start)
        yield start, end


def alone(text: str, start: int, end: int, *, before: str = "", after: str = "") -> bool:
    """Say whether no ASCII letter or digit touches a stretch, nor one of these characters.

    Letters of other alphabets may touch: Chinese and Japanese write no spaces.
    """
    if start and _joins(text[start - 1], before):
        return False
    return end >= len(text) or not _joins(text[end], after)


def _joins(char: str, but: str) -> bool:
    return (char.isascii() and char.isalnum()) or char in but
