"""What server and collector write down of their work beside the segments: `counts.json`, `collector.json`."""

from bisect import bisect_left
from datetime import datetime, timedelta

from pydantic import Field

from flow_runtime.contracts.base import Contract

PUT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

PEACE = timedelta(minutes=5)
"""Drops further apart than this are not of one trouble."""


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
