"""Which of the listed objects are to go. Pure: names and times in, names out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flow_runtime.store.keys import FEEDBACK, RECORDS, SegmentKey, is_evaluation_key, parse_segment_key
from flow_runtime.store.listing import Entry

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Plan:
    """What becomes of a part of a listing."""

    delete: tuple[str, ...] = ()
    rows: int = 0
    """In the objects that go."""
    foreign: int = 0
    """Names that are none of ours."""
    oldest: datetime | None = None
    """The earliest hour of the records or feedback that stay."""


def plan(entries: Iterable[Entry], prefix: str, before: datetime) -> Plan:
    """Decide about each object of the deployment whose names begin with `prefix` and a slash.

    Records and feedback go with the hour that they were filed under, once all of it is older than `before`;
    files of a FlowMonitor's run, which quote records, go by when they were written.
    """
    delete, rows, foreign, kept = [], 0, 0, []
    for entry in entries:
        segment = _segment(entry, prefix)
        if segment is not None and segment.hour + HOUR <= before:
            delete.append(entry.key)
            rows += segment.rows
        elif segment is not None:
            kept.append(segment.hour)
        elif entry.linked or not is_evaluation_key(entry.key, prefix):
            foreign += 1
        elif entry.modified < before:
            delete.append(entry.key)
    return Plan(tuple(delete), rows, foreign, min(kept, default=None))


def _segment(entry: Entry, prefix: str) -> SegmentKey | None:
    if entry.linked:
        return None
    found = parse_segment_key(entry.key, RECORDS) or parse_segment_key(entry.key, FEEDBACK)
    # Exactly ours: another spelling of the same place, such as digits of another script, is none.
    exact = found is not None and found.prefix == prefix and str(found) == entry.key
    return found if exact else None


def day_of(folder: str) -> datetime | None:
    """Read the day of a partition's folder, `date=2026-11-22`; None for any other name."""
    try:
        day = datetime.strptime(folder, "date=%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return day if folder == f"date={day:%Y-%m-%d}" else None
