"""A text as the patterns want it: plain digits, '@' and dashes for their look-alikes, nothing invisible.

Only for looking: what is stored is the text as it came, with what was found in it replaced.
"""

import re
import unicodedata
from bisect import bisect_left

_LAST_DIGIT = 0x1FBF9
"""Unicode 16: beyond it, there are ideographs and what is not assigned."""
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DASHES = "\u2010-\u2015\u2212\u2043\u02d7\ufe58\ufe63\uff0d\u30fc"
_DOTS = "\u3002\uff0e\uff61\ufe52\u2024"


def _spread(ranges: str) -> str:
    """Write the ranges of a character class out."""
    return "".join(
        chr(code)
        for low, high in re.findall("(.)(?:-(.))?", ranges, re.DOTALL)
        for code in range(ord(low), ord(high or low) + 1)
    )


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width
    for code in range(0x80, _LAST_DIGIT + 1):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            table[code] = str(digit)
    table |= {ord(space): " " for space in _spread(_SPACES)}
    table |= {ord(dash): "-" for dash in _spread(_DASHES)}
    table |= {ord(dot): "." for dot in _spread(_DOTS)}
    return table | {0xFE6B: "@", 0x2236: ":"}


_TABLE = _table()
_HIDDEN = re.compile(f"[{_INVISIBLE}][{_INVISIBLE}]*+")  # a class comes first: such are found fast
_HIDDEN_ONES = frozenset(_spread(_INVISIBLE))
_ASCII = bytes(range(128))
_FEW = 16
"""So many passes over a text are quicker than one that looks each of its characters up."""


_PERCENT = re.compile(r"%(?!40)[0-9A-Fa-f]{2}")
_BACKSLASH = re.compile(r"\\(?!u0040|x40)(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)")
"""Of URLs, JSON and sources: what they stand for does not matter, but that they end a word."""
_PLUSES, _SPACE = ("%2B", "\\U002B", "\\X2B"), "%20"


def _unescaped(found: re.Match[str]) -> str:
    """Write an escape as what cannot be a part of anything, in as many characters."""
    if found[0] == _SPACE:
        return "   "
    return "+".rjust(len(found[0]), "\0") if found[0].upper() in _PLUSES else "\0" * len(found[0])


def _without_look_alikes(text: str, beyond_ascii: set[str]) -> str:
    odd = [char for char in beyond_ascii if ord(char) in _TABLE]
    if len(odd) > _FEW:
        return text.translate(_TABLE)
    for char in odd:
        text = text.replace(char, _TABLE[ord(char)])
    return text


def _parting(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


class Folded:
    """A text to search in, and the way back from its places to those of the original.

    What is invisible is taken out, or `parted`: it may be within a secret, and between one and a word.
    """

    __slots__ = ("_cuts", "_shifts", "text")

    def __init__(self, original: str, *, parted: bool = False) -> None:
        self._cuts: list[int] = []
        self._shifts: list[int] = [0]
        text = original
        if "%" in text:
            text = _PERCENT.sub(_unescaped, text)
        if "\\" in text:
            text = _BACKSLASH.sub(_unescaped, text)
        if not text.isascii():
            beyond_ascii = set(text.encode("utf-8", "replace").translate(None, _ASCII).decode())
            if not beyond_ascii.isdisjoint(_HIDDEN_ONES):
                text = _HIDDEN.sub(_parting, text) if parted else self._without_hidden(text)
            text = _without_look_alikes(text, beyond_ascii)
        self.text = text

    @property
    def is_shorter(self) -> bool:
        """Whether anything invisible was taken out."""
        return bool(self._cuts)

    def _without_hidden(self, text: str) -> str:
        kept, end, gone = [], 0, 0
        for found in _HIDDEN.finditer(text):
            kept.append(text[end : found.start()])
            self._cuts.append(found.start() - gone)
            end = found.end()
            gone += end - found.start()
            self._shifts.append(gone)
        kept.append(text[end:])
        return "".join(kept)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Say where a non-empty stretch of the searched text is in the original."""
        if not self._cuts:
            return start, end
        # What is hidden before the first character stays, what is hidden before the last one goes with it.
        return start + self._gone(start), end + self._gone(end - 1)

    def _gone(self, place: int) -> int:
        """Count the hidden characters before the one at `place`."""
        return self._shifts[bisect_left(self._cuts, place + 1)]
