"""How a pod's records fare, in the words of its state: pure, from what server and collector have written."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flow_runtime.contracts.state import CollectionState
from flow_runtime.spool import SPOOL_FULL, WRITE_FAILED, CollectorState, Counts, Drops

BLIP = timedelta(seconds=30)
"""A store that is away for no longer is no news: the spool is for that."""
SILENCE = timedelta(minutes=2)
"""How long a segment may wait while the collector says nothing: it tells within seconds why it cannot."""
_BLIPS = ("StoreUnreachable", "StoreRefused", "StoreError")
_REASONS = {SPOOL_FULL: "SpoolFull", WRITE_FAILED: "SpoolUnwritable"}


@dataclass(frozen=True)
class SpoolSeen:
    """A spool as it is at one moment."""

    counts: Counts
    collector: CollectorState
    size_mib: int = 64
    used_bytes: int = 0
    waiting_since: datetime | None = None
    """When the oldest segment that is not stored was sealed."""
    problem: str = ""
    """Why the spool cannot be written, while it cannot."""


def collection_state(spool: SpoolSeen, now: datetime) -> CollectionState:
    """Say how the records fare; the reason is empty while nothing is wrong, or not for long."""
    reason, message = _dropping(spool, now) or _not_stored(spool, now) or ("", "")
    return CollectionState(
        captured=spool.counts.captured,
        dropped=spool.counts.dropped,
        unsampled=spool.counts.unsampled,
        stored=spool.collector.stored,
        lost=spool.collector.lost,
        last_stored=spool.collector.last_stored,
        spool_bytes=spool.used_bytes,
        reason=reason,
        message=message,
    )


def _dropping(spool: SpoolSeen, now: datetime) -> tuple[str, str] | None:
    """Records are dropped, or were in the last minutes, and what the store has to do with it."""
    drops = spool.counts.drops
    if drops is None or not drops.recent(now):
        return ("SpoolUnwritable", spool.problem) if spool.problem else None
    cause = _not_stored(spool, now)
    because = f"; {cause[0]} {cause[1]}" if cause else ""
    return _REASONS.get(drops.reason, "RecordsDropped"), _told(drops, spool) + because


def _not_stored(spool: SpoolSeen, now: datetime) -> tuple[str, str] | None:
    """Records stay in the spool for longer than they should."""
    said, waiting = spool.collector, spool.waiting_since
    if said.reason:
        since = said.failing_since
        # A clock that was set back must not hide a trouble.
        if said.reason in _BLIPS and since is not None and timedelta() <= now - since < BLIP:
            return None
        return said.reason, f"since {_at(since)}: {said.message}" if since else said.message
    if waiting is not None and now - waiting > SILENCE:
        why = "the collector does not say why: its log may, or its container does not run"
        return "CollectorSilent", f"since {_at(waiting)}: records wait, and {why}"
    return None


def _told(drops: Drops, spool: SpoolSeen) -> str:
    many = f"{drops.count} records were" if drops.count > 1 else "1 record was"
    when = f"since {_at(drops.since)}, the last at {_at(drops.last)}"
    why = {
        SPOOL_FULL: f"the spool of {spool.size_mib} MiB is full",
        WRITE_FAILED: spool.problem or "the spool could not be written",
    }.get(drops.reason, f"they could not be written ({drops.reason})")
    return f"{many} dropped {when}: {why}"


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%SZ}"
