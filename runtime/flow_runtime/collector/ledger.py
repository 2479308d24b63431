"""What a collector has done, kept in the spool so that it survives its process, and said in its log."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flow_runtime import spool
from flow_runtime.collector.pack import Packed
from flow_runtime.spool import Segment

Log = Callable[..., None]


class Ledger:
    """The state of one spool's collector. A segment that comes again after a crash is not counted again."""

    def __init__(self, directory: Path, log: Log) -> None:
        self._directory = directory
        self._log = log
        self.state = self._written = spool.recovered_state(directory)
        self._saved = float("-inf")

    @property
    def age(self) -> float:
        """Seconds since the state was last saved."""
        return time.monotonic() - self._saved

    def stored(self, segment: Segment, packed: Packed, put_seconds: float) -> None:
        """Count a segment that is in the store."""
        self.well()
        changes: dict[str, object] = {"put_seconds": self.state.put_seconds.observe(put_seconds)}
        if packed.rows:
            changes["last_stored"] = datetime.now(UTC)
        if segment.no > self.state.last_segment:
            changes["stored"] = self.state.stored + packed.rows
            changes["redacted"] = dict(Counter(self.state.redacted) + Counter(packed.redacted))
        self._change(**changes)
        self._lost(segment, packed.lost, "torn, no JSON or too large")
        self._take(segment)

    def given_up(self, segment: Segment, cause: str) -> None:
        """Count a segment that cannot be read as lost: its lines, or one if they cannot be counted."""
        try:
            count = max(1, spool.count_lines(segment.path))
        except OSError:
            count = 1
        self._lost(segment, count, cause)
        self._take(segment)

    def failed(self, reason: str, message: str) -> None:
        """Say why nothing is stored now."""
        if self.state.reason != reason:
            self._log("warning", "records are not being stored", reason=reason, cause=message)
        since = self.state.failing_since or datetime.now(UTC)
        self._change(reason=reason, message=message, failing_since=since)
        self.save()

    def well(self) -> None:
        """Take back why nothing was stored."""
        if self.state.reason:
            self._log("info", "records are stored again", after=self.state.reason)
        self._change(reason="", message="", failing_since=None)

    def removed(self) -> None:
        """Count on file what a full disk did not take before a segment made room."""
        if self.state != self._written:
            self.save()

    def save(self) -> None:
        """Write the state if it changed. A full spool must not end the one who can empty it."""
        self._saved = time.monotonic()
        self._change(spool_bytes=spool.used_bytes(self._directory))
        if self.state != self._written:
            with contextlib.suppress(OSError):
                spool.write_collector_state(self._directory, self.state)
                self._written = self.state

    def _lost(self, segment: Segment, count: int, cause: str) -> None:
        if count and segment.no > self.state.last_segment:
            self._log("warning", "records are lost", segment=segment.no, records=count, cause=cause)
            self._change(lost=self.state.lost + count)

    def _take(self, segment: Segment) -> None:
        self._change(last_segment=max(segment.no, self.state.last_segment))
        # Before the segment leaves the spool: a crash in between stores it again but does not count it again.
        self.save()

    def _change(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
