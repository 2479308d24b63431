"""The server's side of the spool: append without waiting, seal by size and age, keep the counts."""

import contextlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flow_runtime.spool.counts import CountsFile, recover
from flow_runtime.spool.files import OPEN, SEALED, lock_directory, segment_path, used_bytes
from flow_runtime.spool.models import Counts, Drops

MEBIBYTE = 1024 * 1024
FULL_SHARE = 0.8
"""Of the directory's size: the rest is for the collector's own files and for what the file system adds."""
LOCK_TRIES = 10
"""50 ms apart, and only when the writer is made: later it never waits."""
SPOOL_FULL, WRITE_FAILED = "spool_full", "write_failed"


class SpoolWriter:
    """The one writer of a spool. Not thread-safe: append and tick are called on the event loop.

    An append never raises and never waits; what cannot be written is counted under its reason.
    """

    def __init__(
        self,
        directory: Path,
        size_mib: int = 64,
        seal_after_seconds: float = 60.0,
        seal_mib: float = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._limit = int(size_mib * MEBIBYTE * FULL_SHARE)
        # A quarter of a small spool, so that the collector has something to take while we go on writing.
        self._seal_bytes = min(int(seal_mib * MEBIBYTE), self._limit // 4)
        self._seal_after = seal_after_seconds
        self._clock = clock
        self._captured, self._before, self._next, self._unsampled = 0, 0, 1, 0
        self._dropped: dict[str, int] = {}
        self._drops: Drops | None = None
        self._lock = self._fd = -1
        self._file: CountsFile | None = None
        self._segment_bytes, self._begun = 0, 0.0
        self._used, self._scanned, self._saved = 0, float("-inf"), float("-inf")
        self._changed = False
        self.problem = ""
        """Why the last write failed; empty while all is well."""
        self._start(tries=LOCK_TRIES)

    @property
    def counts(self) -> Counts:
        """The counts as of now."""
        return Counts(
            captured=self._captured,
            dropped=dict(self._dropped),
            unsampled=self._unsampled,
            drops=self._drops,
            next_segment=self._next,
            captured_before=self._before,
        )

    def append(self, line: bytes) -> bool:
        """Append one record (without a line feed in it) by one write(2); False if it was dropped."""
        data = line + b"\n"
        self._changed = True
        if not self._has_room(len(data)):
            return self.drop(SPOOL_FULL)
        if self._fd < 0 and not self._begin():
            return self.drop(WRITE_FAILED)
        try:
            written = os.write(self._fd, data)
            if written < len(data):
                # A torn line would join itself to the next record.
                os.ftruncate(self._fd, self._segment_bytes)
                raise OSError("the file system took only a part of a record")
        except OSError as error:
            self._fail(error)
            return self.drop(WRITE_FAILED)
        self.problem = ""
        self._captured += 1
        self._segment_bytes += written
        self._used += written
        if self._segment_bytes >= self._seal_bytes:
            self.seal()
        return True

    def drop(self, reason: str) -> bool:
        """Count a record that cannot be kept; always False.

        Saved at once: there is no line in the spool to count it by after a crash.
        """
        self._drops = Drops.after(self._drops, reason, datetime.now(UTC))
        self._dropped[reason] = self._dropped.get(reason, 0) + 1
        self._save()
        return False

    def pass_over(self) -> None:
        """Count a request that was not drawn; saved at once for the same reason."""
        self._unsampled += 1
        self._save()

    def tick(self) -> None:
        """Seal what is old enough and save the counts; to be called about once a second."""
        if self._lock < 0:
            self._start(tries=1)
        now = self._clock()
        if self._fd >= 0 and now - self._begun >= self._seal_after:
            self.seal()
        elif self._changed and now - self._saved >= 1.0:
            self._save()

    def seal(self) -> None:
        """Hand the open segment, if there is one, to the collector."""
        if self._fd < 0:
            return
        no, self._fd, fd = self._next - 1, -1, self._fd
        self._save()  # before the rename: afterwards the collector may take the file at any moment
        try:
            os.utime(fd)
            os.close(fd)
            segment_path(self._directory, no, OPEN).rename(segment_path(self._directory, no, SEALED))
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Seal, save the counts and let go of the directory."""
        self.seal()
        self._save()
        self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _start(self, tries: int) -> None:
        """Take the directory over: seal what a dead process left, go on with its numbers and counts."""
        try:
            self._lock = _take_lock(self._directory, tries)
            counts = recover(self._directory)
            self._file = CountsFile.open(self._directory)
        except OSError as error:
            self._let_go()
            self._fail(error)
            return
        self._captured += counts.captured
        self._before, self._next = counts.captured_before, counts.next_segment
        self._unsampled += counts.unsampled
        self._drops = self._drops or counts.drops
        for reason, count in counts.dropped.items():
            self._dropped[reason] = self._dropped.get(reason, 0) + count
        self.problem = ""
        self._save()

    def _begin(self) -> bool:
        """Begin a segment: its file first, so that each number has one whenever we are killed."""
        if self._lock < 0:
            return False
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(segment_path(self._directory, self._next, OPEN), flags, 0o640)
        except OSError as error:
            self._fail(error)
            return False
        self._before, self._begun, self._segment_bytes = self._captured, self._clock(), 0
        self._next += 1
        self._save()
        return True

    def _has_room(self, size: int) -> bool:
        if self._used + size <= self._limit and self._scanned > float("-inf"):
            return True
        if self._clock() - self._scanned >= 0.1:
            self._scanned = self._clock()
            self._used = used_bytes(self._directory)
        return self._used + size <= self._limit

    def _fail(self, error: OSError) -> None:
        self.problem = f"spool {self._directory}: {error.strerror or error}"

    def _save(self) -> None:
        if self._file is None:
            return
        self._saved, self._changed = self._clock(), False
        try:
            self._file.write(self.counts)
        except OSError as error:
            self._fail(error)


def _take_lock(directory: Path, tries: int) -> int:
    """Lock the directory for its one writer; the collector holds the lock for milliseconds at most."""
    for left in reversed(range(tries)):
        with contextlib.suppress(BlockingIOError):
            return lock_directory(directory)
        if left:
            time.sleep(0.05)
    raise OSError("another server is writing to it")
