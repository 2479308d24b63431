"""The spool's files and what both of its sides may do with them; no state is kept here."""

import contextlib
import fcntl
import os
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from flow_runtime.contracts.base import Contract

OPEN, SEALED, BAD = ".open", ".jsonl", ".bad"
COUNTS_FILE, COLLECTOR_FILE, LOCK_FILE = "counts.json", "collector.json", "writer.lock"
PUT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
BLOCK_BYTES = 64 * 1024

PEACE = timedelta(minutes=5)
"""Drops further apart than this are not of one trouble."""

ContractT = TypeVar("ContractT", bound=Contract)


class Drops(Contract):
    """Records that were dropped one after another, with never more than five minutes in between."""

    reason: str
    """Of the last one."""
    count: int = 1
    since: datetime
    last: datetime

    @classmethod
    def after(cls, before: "Drops | None", reason: str, now: datetime) -> "Drops":
        """Count one drop more, of the same trouble or of a new one."""
        if before is None or not before.recent(now):
            return cls(reason=reason, since=now, last=now)
        return cls(reason=reason, count=before.count + 1, since=before.since, last=now)

    def recent(self, now: datetime) -> bool:
        """Whether the trouble is not over; a clock that was set back does not end it."""
        return now - self.last < PEACE


class Counts(Contract):
    """What the writer has done since the directory was made; `counts.json`.

    `captured + sum(dropped.values()) + unsampled` is the requests that were answered.
    """

    captured: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    unsampled: int = 0
    """Requests that were not drawn, so that there is no record of them."""
    drops: Drops | None = None
    """The last trouble."""
    next_segment: int = 1
    """One more than the highest number ever used: numbers are never used again."""
    captured_before: int = 0
    """`captured` when segment `next_segment - 1` was begun: with its lines, exact counts after a crash."""


class PutSeconds(Contract):
    """A histogram: `counts[i]` puts took up to `buckets[i]` seconds (not cumulative), the last one longer."""

    buckets: tuple[float, ...] = PUT_BUCKETS
    counts: tuple[int, ...] = (0,) * (len(PUT_BUCKETS) + 1)
    sum: float = 0.0

    def observe(self, seconds: float) -> "PutSeconds":
        """Count one put more."""
        counts = list(self.counts)
        counts[bisect_left(self.buckets, seconds)] += 1
        return self.model_copy(update={"counts": tuple(counts), "sum": self.sum + seconds})


class CollectorState(Contract):
    """What the collector has done since the directory was made; `collector.json`. Counts are records."""

    stored: int = 0
    lost: int = 0
    """Records that were captured and that the collector gave up."""
    redacted: dict[str, int] = Field(default_factory=dict)
    """What was taken out of the stored records, by kind."""
    last_stored: datetime | None = None
    last_segment: int = 0
    """The newest segment that is in these counts: one that is stored again after a crash counts once."""
    reason: str = ""
    """Empty while all is well, else a CamelCase word such as StoreUnreachable."""
    message: str = ""
    failing_since: datetime | None = None
    """When the trouble began, whatever reasons it has had since; None while all is well."""
    put_seconds: PutSeconds = PutSeconds()
    spool_bytes: int = 0


@dataclass(frozen=True)
class Segment:
    """A sealed segment: its number, its file, its bytes and when it was sealed."""

    no: int
    path: Path
    size: int
    sealed: datetime


def set_aside(segment: Segment) -> None:
    """Keep a segment that cannot be read out of the way, for as long as the spool lives. Raises OSError.

    One before it makes room: what is set aside must not fill the spool.
    """
    for _, path in numbered(segment.path.parent, BAD):
        with contextlib.suppress(OSError):
            path.unlink()
    segment.path.rename(segment.path.with_suffix(BAD))


def sealed(directory: Path) -> list[Segment]:
    """List the sealed segments, oldest first."""
    found = []
    for no, path in numbered(directory, SEALED):
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            found.append(Segment(no, path, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)))
    return found


def waiting_since(directory: Path) -> datetime | None:
    """When the oldest segment that is not stored was sealed; None when there is none."""
    return min((segment.sealed for segment in sealed(directory)), default=None)


def seal_leftovers(directory: Path) -> int:
    """Seal what a dead writer left open, and nothing while a writer lives. Returns how many were sealed."""
    try:
        lock = lock_directory(directory)
    except BlockingIOError:
        return 0
    try:
        return seal_all(directory)
    finally:
        os.close(lock)


def seal_all(directory: Path) -> int:
    """Seal every open segment as it is: what is torn or empty is for the collector to count."""
    left = numbered(directory, OPEN)
    for no, path in left:
        path.rename(segment_path(directory, no, SEALED))
    return len(left)


def waiting(directory: Path, known: Mapping[int, int] | None = None) -> dict[int, int]:
    """Count the records of all segments, sealed and open, by number; a torn last line is one, too.

    `known`: what was counted before, of segments that were sealed then.
    """
    found: dict[int, int] = {}
    # The open one first: if it is sealed meanwhile, it is found again rather than missed.
    for suffix in (OPEN, SEALED):
        for no, path in numbered(directory, suffix):
            with contextlib.suppress(OSError):
                counted = known.get(no) if known and suffix == SEALED else None
                found[no] = count_lines(path) if counted is None else counted
    return found


def count_lines(path: Path) -> int:
    """Count lines, the torn last one, too, without holding the file. Raises OSError."""
    lines, last = 0, b"\n"
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block
    return lines + (not last.endswith(b"\n"))


def read_counts(directory: Path) -> Counts:
    """Read the writer's counts; zeros where there are none yet."""
    return read_model(directory / COUNTS_FILE, Counts) or Counts()


def read_collector_state(directory: Path) -> CollectorState:
    """Read the collector's state; zeros where there is none yet."""
    return read_model(directory / COLLECTOR_FILE, CollectorState) or CollectorState()


def write_collector_state(directory: Path, state: CollectorState) -> None:
    """Replace the collector's state in one step. Raises OSError."""
    replace(directory / COLLECTOR_FILE, state)


def used_bytes(directory: Path) -> int:
    """Sum the bytes of the directory's files; 0 when it cannot be read."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


def lock_directory(directory: Path) -> int:
    """Take the writer's lock, which ends with its process. Returns a descriptor, raises OSError."""
    fd = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise
    return fd


def numbered(directory: Path, suffix: str) -> list[tuple[int, Path]]:
    """List number and file of each segment of a kind, oldest first; none where there is no directory."""
    pattern = re.compile(rf"([0-9]{{8}}){re.escape(suffix)}")
    with contextlib.suppress(OSError):
        with os.scandir(directory) as entries:
            numbers = sorted(int(found[1]) for each in entries if (found := pattern.fullmatch(each.name)))
        return [(no, segment_path(directory, no, suffix)) for no in numbers]
    return []


def segment_path(directory: Path, no: int, suffix: str) -> Path:
    """Name a segment's file."""
    return directory / f"{no:08d}{suffix}"


def replace(path: Path, value: Contract) -> None:
    """Write a model to a file in one step, so that a reader sees the old or the new. Raises OSError."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(value.model_dump_json(), encoding="utf-8")
    temporary.replace(path)


def read_model(path: Path, model: type[ContractT]) -> ContractT | None:
    """Read a model from a file; None where there is none, or none that can be read."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
