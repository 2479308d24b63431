"""The spool's files and what both of its sides may do with them; no state is kept here."""

import contextlib
import fcntl
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from flow_runtime.contracts.base import Contract
from flow_runtime.spool.models import CollectorState, Counts

OPEN, SEALED, BAD = ".open", ".jsonl", ".bad"
COUNTS_FILE, COLLECTOR_FILE, LOCK_FILE = "counts.json", "collector.json", "writer.lock"
BLOCK_BYTES = 64 * 1024

ContractT = TypeVar("ContractT", bound=Contract)


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
