"""Turns a sealed segment into the object that is stored. Pure: equal bytes in, equal bytes out."""

import gzip
from dataclasses import dataclass

_LEVEL = 6


@dataclass(frozen=True)
class Packed:
    """A gzip of whole JSON lines, how many they are, and how many torn ones were left out (0 or 1)."""

    data: bytes
    rows: int
    lost: int


def pack(raw: bytes) -> Packed:
    """Compress the whole lines of a segment; a last line without its line feed was torn by a crash."""
    whole = raw.rfind(b"\n") + 1
    lines = raw[:whole]
    # No time in the header: the same segment must give the same object after a crash.
    return Packed(gzip.compress(lines, _LEVEL, mtime=0), lines.count(b"\n"), int(whole < len(raw)))
