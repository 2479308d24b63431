"""Names of objects in a store, built and parsed. Pure; the layout is a promise to whoever reads the bucket.

<cluster>/<namespace>/<deployment>/records/date=2026-11-22/hour=17/<pod uid>-<segment no>-<rows>.jsonl.gz
<cluster>/<namespace>/<deployment>/feedback/date=2026-11-22/hour=17/<pod uid>-<segment no>-<rows>.jsonl.gz
<cluster>/<namespace>/<deployment>/evaluations/<monitor>/<run id>/report.json
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flow_runtime.contracts.settings import Identity

RECORDS, FEEDBACK, EVALUATIONS = "records", "feedback", "evaluations"
"""The folders of a deployment."""
EVALUATION_FILES = ("plan.json", "judgements.jsonl.gz", "report.json", "report.md", "report.html")
"""All that a run of a monitor writes."""

_SEGMENT = re.compile(
    r"(?P<prefix>.+)/(?P<kind>records|feedback)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)"
    r"/(?P<pod>[A-Za-z0-9._-]+)-(?P<number>\d{8})-(?P<rows>\d+)\.jsonl\.gz"
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, order=True)
class SegmentKey:
    """One object of rows: where it lies and how many it holds, known without fetching it."""

    prefix: str
    """`<cluster>/<namespace>/<deployment>`"""
    hour: datetime
    """UTC, whole hours: when the segment was sealed."""
    pod: str
    number: int
    rows: int
    kind: str = RECORDS
    """RECORDS or FEEDBACK, each with numbers of its own."""

    def __str__(self) -> str:
        place = hour_prefix(self.prefix, self.hour, self.kind)
        return f"{place}/{self.pod}-{self.number:08d}-{self.rows}.jsonl.gz"


def deployment_prefix(identity: Identity) -> str:
    """Where all that a deployment stores begins. ValueError for a name that is not one plain path segment."""
    names = (identity.cluster, identity.namespace, identity.deployment)
    return "/".join(_plain(name) for name in names)


def segment_key(identity: Identity, sealed: datetime, pod: str, number: int, rows: int) -> SegmentKey:
    """Name the object of a pod's segment; the same moment gives the same name in any time zone."""
    return SegmentKey(deployment_prefix(identity), whole_hour(sealed), _plain(pod), number, rows)


def parse_segment_key(key: str, kind: str = RECORDS) -> SegmentKey | None:
    """Read a name back; None for an object that is not a segment of this kind."""
    match = _SEGMENT.fullmatch(key)
    if match is None or match["kind"] != kind:
        return None
    try:
        hour = datetime.strptime(f"{match['date']} {match['hour']}+0000", "%Y-%m-%d %H%z")
    except ValueError:
        return None
    number, rows = int(match["number"]), int(match["rows"])
    return SegmentKey(match["prefix"], hour.astimezone(UTC), match["pod"], number, rows, kind)


def whole_hour(moment: datetime) -> datetime:
    """Cut an aware time down to its UTC hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hour_prefix(prefix: str, hour: datetime, kind: str = RECORDS) -> str:
    """Name the partition of one UTC hour."""
    return f"{prefix}/{kind}/date={hour:%Y-%m-%d}/hour={hour:%H}"


def window_prefixes(identity: Identity, start: datetime, end: datetime, kind: str = RECORDS) -> Iterator[str]:
    """Name the fewest partitions that cover [start, end): whole days where they lie inside, else hours."""
    prefix = deployment_prefix(identity)
    hour = whole_hour(start)
    while hour < end:
        day_after = hour.replace(hour=0) + timedelta(days=1)
        if hour.hour == 0 and day_after <= end:
            yield f"{prefix}/{kind}/date={hour:%Y-%m-%d}"
            hour = day_after
        else:
            yield hour_prefix(prefix, hour, kind)
            hour += timedelta(hours=1)


def feedback_key(identity: Identity, sealed: datetime, pod: str, number: int, rows: int) -> SegmentKey:
    """Name the object of a segment of feedback: beside the records, never read as one of them."""
    return SegmentKey(deployment_prefix(identity), whole_hour(sealed), _plain(pod), number, rows, FEEDBACK)


def evaluation_key(identity: Identity, monitor: str, run: str, name: str) -> str:
    """Name a file of one run of a monitor. ValueError unless it is one of EVALUATION_FILES."""
    if name not in EVALUATION_FILES:
        raise ValueError(f"{name!r} is no file of a run: {', '.join(EVALUATION_FILES)}")
    return f"{deployment_prefix(identity)}/{EVALUATIONS}/{_plain(monitor)}/{_plain(run)}/{name}"


def is_evaluation_key(key: str, prefix: str) -> bool:
    """Whether an object is a file of a run of a monitor of the deployment with that prefix."""
    folder = f"{prefix}/{EVALUATIONS}/"
    parts = key.removeprefix(folder).split("/")
    plain = len(parts) == 3 and all(map(is_plain, parts)) and parts[2] in EVALUATION_FILES
    return plain and key.startswith(folder)


def _plain(name: str) -> str:
    if not is_plain(name):
        raise ValueError(
            f"{name!r} cannot be part of an object's name: use letters, digits, '-', '_' and '.'"
        )
    return name


def is_plain(name: str) -> bool:
    """Whether a name can be one segment of an object's path, and stays there."""
    return _PLAIN_NAME.fullmatch(name) is not None and name not in {".", ".."}
