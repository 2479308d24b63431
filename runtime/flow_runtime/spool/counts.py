"""The writer's counts: kept in place, and derived anew after a writer that was killed."""

import os
from pathlib import Path
from typing import Self

from flow_runtime.spool.files import (
    COUNTS_FILE,
    read_collector_state,
    read_counts,
    seal_all,
    waiting,
)
from flow_runtime.spool.models import Counts

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
    """Seal what is open and derive the counts of a writer that may have died before it saved them.

    Each of three sources can only say too little: what was saved; the last segment's lines on top of what was
    captured before it; all that the collector counted and what it still has to take. So the most is right.
    """
    # What waits before it is sealed and before what was taken: the collector may take it at any moment, and
    # counts it before it removes it.
    lines = waiting(directory)
    seal_all(directory)
    counts, collector = read_counts(directory), read_collector_state(directory)
    last = counts.next_segment - 1
    to_take = sum(count for no, count in lines.items() if no > collector.last_segment)
    captured = max(
        counts.captured,
        counts.captured_before + lines.get(last, 0),
        collector.stored + collector.lost + to_take,
    )
    highest = max(last, collector.last_segment, *lines)
    return counts.model_copy(update={"captured": captured, "next_segment": highest + 1})
