"""The writer's counts: kept in place, and derived anew after a writer that was killed."""

import os
from pathlib import Path
from typing import Self

from flow_runtime.spool.files import (
    COUNTS_FILE,
    OPEN,
    SEALED,
    Counts,
    numbered,
    read_collector_state,
    read_counts,
    seal_all,
    segment_path,
)

COUNTS_BYTES = 512
"""The file is that long from the start, so that a full volume has room for each of its versions."""


class CountsFile:
    """`counts.json`, held open by the one writer and overwritten by one pwrite(2), which no SIGKILL parts."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open or make the file. Raises OSError."""
        return cls(os.open(directory / COUNTS_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))

    def write(self, counts: Counts) -> None:
        """Replace the counts. Raises OSError."""
        os.pwrite(self._fd, counts.model_dump_json().encode().ljust(COUNTS_BYTES), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def recover(directory: Path) -> Counts:
    """Seal what is open and derive the counts of a writer that may have died before it saved them."""
    counts = read_counts(directory)
    last = counts.next_segment - 1
    # Before it is sealed: afterwards the collector may take it at any moment.
    lines = _lines(segment_path(directory, last, OPEN)) or _lines(segment_path(directory, last, SEALED))
    highest = max((no for kind in (OPEN, SEALED) for no, _ in numbered(directory, kind)), default=0)
    seal_all(directory)
    collector = read_collector_state(directory)
    return counts.model_copy(
        update={
            "captured": max(
                counts.captured,
                collector.stored + collector.lost,
                counts.captured_before + lines,
            ),
            "next_segment": max(counts.next_segment, highest + 1),
        }
    )


def _lines(path: Path) -> int:
    """Count the whole lines of a segment; 0 when there is none."""
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
