"""Reads a segment line by line, and passes over lines that would cost more memory than a collector has."""

import re
from collections.abc import Iterator
from typing import BinaryIO

LINE_BYTES = 16 * 1024 * 1024
LINE_VALUES = 250_000
"""Of JSON in one line: each is up to 230 bytes in memory (`{"a":0},`), and is there twice while redacted."""
_PARTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[,\[{]', re.DOTALL)


def lines(source: BinaryIO) -> Iterator[bytes | None]:
    """Yield each line without its line feed; None for one that is torn or too large. Raises OSError."""
    while line := source.readline(LINE_BYTES):
        if line.endswith(b"\n"):
            yield None if _costly(line) else line[:-1]
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(LINE_BYTES)
        yield None


def _costly(line: bytes) -> bool:
    """Whether a line has too many values: each but the first follows one of three signs outside of a text."""
    if len(line) < LINE_VALUES or line.count(b",") + line.count(b"[") + line.count(b"{") < LINE_VALUES:
        return False
    values = 0
    for part in _PARTS.finditer(line):
        values += line[part.start()] != 0x22  # a text may have as many commas as it likes
        if values >= LINE_VALUES:
            return True
    return False
