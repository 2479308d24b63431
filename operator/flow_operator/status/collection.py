"""The records of a FlowDeployment: totals that never go back, and what pods took with them. Pure.

Present pods have an entry each, with the counts that were last heard of. When a pod has ended, its entry is
folded into `departed` by the same write that removes it, so that each pod counts exactly once, whoever
restarts meanwhile. A pod gets its entry while it is not leaving, and never again after that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flow_operator.api.collection_status import (
    PODS_LIMIT,
    CollectionStatus,
    Lost,
    PodTally,
    Tally,
    Unaccounted,
)
from flow_operator.status.ends import End
from flow_operator.status.pods import Pod
from flow_operator.status.tally import COUNT_LIMIT, all_dropped, plus, tally_of, up_to, waiting
from flow_operator.status.text import reason, told_time, utc
from flow_runtime.contracts.undelivered import Undelivered

NOTHING = CollectionStatus()


@dataclass(frozen=True)
class Ending:
    """A pod that has ended, and the last that is known of its records."""

    uid: str
    name: str
    counts: Tally | None
    """None: it was never asked, and left no counts."""
    records: int = 0
    """Records that are lost, by its own word."""
    feedback: int = 0
    segments: str | None = None
    reason: str | None = None
    unaccounted: int | None = None
    """Records that it held when last asked, of which nothing more is known; None: it left a word."""


def endings(old: CollectionStatus | None, ends: Iterable[End]) -> tuple[Ending, ...]:
    """What the pods that have ended come to; those that have been folded before are no more."""
    known = {entry.uid: entry for entry in (old or NOTHING).pods}
    return tuple(_ending(known[end.uid], end.word) for end in ends if end.uid in known)


def collection_of(
    old: CollectionStatus | None, pods: Sequence[Pod], ends: Iterable[End], now: datetime
) -> CollectionStatus:
    """The records as they are known now, from what was known before."""
    old = old or NOTHING
    ended = endings(old, ends)
    departed, lost, unaccounted = old.departed, old.lost, old.unaccounted
    for each in ended:
        if each.counts is not None:
            departed = plus(departed or Tally(), each.counts)
        lost = _lost(lost, each, now)
        unaccounted = _unaccounted(unaccounted, each, now)
    entries = _entries(old, pods, {each.uid for each in ended})
    states = [pod.state.collection for pod in pods if pod.state and pod.state.collection]
    # Not after now: a clock that is fast would be believed for as long as the resource is there.
    times = [
        min(time, utc(now)) for each in states if each.last_stored and (time := told_time(each.last_stored))
    ]
    known = [entry.counts for entry in entries if entry.counts is not None]
    parts = {
        "pods": entries,
        "departed": departed,
        "unaccounted": unaccounted,
        "last_stored": max([*times, *([old.last_stored] if old.last_stored else [])], default=None),
        "spool_bytes": up_to(sum(max(each.spool_bytes, 0) for each in states)) if states else None,
    }
    if not known and departed is None:
        return CollectionStatus.model_validate(parts)
    total = departed or Tally()
    for counts in known:
        total = plus(total, counts)
    return CollectionStatus(
        **parts,
        captured=total.captured,
        dropped=all_dropped(total.dropped),
        dropped_by_reason=total.dropped,
        unsampled=total.unsampled,
        stored=total.stored,
        waiting=up_to(sum(map(waiting, known))),
        lost=(lost or Lost(records=0)).model_copy(update={"records": total.lost}),
    )


def moved_only(new: CollectionStatus, old: CollectionStatus) -> bool:
    """Whether only counts and times have moved: no pod has come, gone or been lost."""
    return (
        [entry.uid for entry in new.pods] == [entry.uid for entry in old.pods]
        and (new.unaccounted, new.departed) == (old.unaccounted, old.departed)
        and (new.captured is None) == (old.captured is None)
    )


def _entries(old: CollectionStatus, pods: Sequence[Pod], ended: set[str]) -> tuple[PodTally, ...]:
    entries = {entry.uid: entry for entry in old.pods if entry.uid not in ended}
    for pod in pods:
        said = pod.state.collection if pod.state else None
        before = entries.get(pod.uid)
        if before is None and len(entries) >= PODS_LIMIT:
            continue
        counts = tally_of(said, before.counts if before else None) if said else before and before.counts
        entries[pod.uid] = PodTally(uid=pod.uid, name=pod.name, counts=counts)
    return tuple(sorted(entries.values(), key=lambda entry: (entry.name, entry.uid)))


def _ending(entry: PodTally, word: Undelivered | None) -> Ending:
    counts = entry.counts
    if word is None:
        held = waiting(counts) if counts else None
        return Ending(entry.uid, entry.name, counts, unaccounted=held)
    records, feedback = up_to(word.records), up_to(word.feedback)
    if word.counts is not None:
        counts = tally_of(word.counts, counts)
    elif counts is not None:
        stored = max(counts.stored, counts.captured - counts.lost - records)
        counts = counts.model_copy(update={"stored": stored})
    if records:
        counts = plus(counts or Tally(), Tally(lost=records))
    first, last = word.first_segment, word.last_segment
    return Ending(
        entry.uid,
        entry.name,
        counts,
        records,
        feedback,
        segments=_span(first, last) if 0 < first <= last <= COUNT_LIMIT else None,
        reason=reason(word.reason, "") or None,
    )


def _lost(before: Lost | None, ending: Ending, now: datetime) -> Lost | None:
    """The records themselves are in the tally."""
    if not ending.records and not ending.feedback:
        return before
    feedback = up_to((before.feedback if before else 0) + ending.feedback)
    return Lost(
        records=0,
        feedback=feedback,
        last_pod=ending.name,
        segments=ending.segments,
        reason=ending.reason,
        time=now,
    )


def _unaccounted(before: Unaccounted | None, ending: Ending, now: datetime) -> Unaccounted | None:
    if ending.unaccounted is None:
        return before
    pods, records = (before.pods, before.records) if before else (0, 0)
    held = up_to(records + ending.unaccounted)
    return Unaccounted(pods=pods + 1, records=held, last_pod=ending.name, time=now)


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"
