"""Counts of records: a pod's word is hostile, so they are kept within bounds and never go back."""

from flow_operator.api.collection_status import Dropped, Tally
from flow_runtime.contracts.state import RecordCounts

COUNT_LIMIT = 2**53 - 1
_DROPPED = ("spool_full", "write_failed", "no_json")
_FIELDS = (*_DROPPED, "other")


def up_to(count: int) -> int:
    """A count within what the schema takes."""
    return min(max(count, 0), COUNT_LIMIT)


def tally_of(said: RecordCounts, before: Tally | None) -> Tally:
    """What a pod says of its records; never less than it said before."""
    dropped = dict.fromkeys(_FIELDS, 0)
    for reason, count in said.dropped.items():
        dropped[reason if reason in _DROPPED else "other"] += up_to(count)
    old = before or Tally()
    return Tally(
        captured=max(up_to(said.captured), old.captured),
        dropped=Dropped(
            **{name: max(up_to(count), getattr(old.dropped, name)) for name, count in dropped.items()}
        ),
        unsampled=max(up_to(said.unsampled), old.unsampled),
        stored=max(up_to(said.stored), old.stored),
        lost=max(up_to(said.lost), old.lost),
    )


def plus(one: Tally, other: Tally) -> Tally:
    """The sum of two tallies."""
    sums = {
        name: up_to(getattr(one, name) + getattr(other, name))
        for name in ("captured", "unsampled", "stored", "lost")
    }
    dropped = {name: up_to(getattr(one.dropped, name) + getattr(other.dropped, name)) for name in _FIELDS}
    return Tally(**sums, dropped=Dropped(**dropped))


def all_dropped(dropped: Dropped) -> int:
    """The sum of all reasons."""
    return up_to(sum(getattr(dropped, name) for name in _FIELDS))


def waiting(tally: Tally) -> int:
    """Records that were captured and are neither stored nor lost."""
    return max(0, tally.captured - tally.stored - tally.lost)
