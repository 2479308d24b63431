"""Condition Collecting: do the records reach the store, and if not, where, why, and what helps."""

from datetime import datetime, timedelta

from flow_operator.api.collection_status import CollectionStatus, Lost
from flow_operator.status.conditions import Breach, Finding, false, true, unknown
from flow_operator.status.pods import Pod
from flow_operator.status.seen import Seen, said, store_secret_of
from flow_operator.status.text import reason, utc
from flow_runtime.contracts.state import CollectionState

RECENT = timedelta(minutes=5)
"""A loss is said for as long as a drop is."""
RECORDS_LOST = "RecordsLost"
_WORST_FIRST = ("SpoolFull", "SpoolUnwritable", "RecordsDropped")
"""Then all that keeps records in the spool: nothing is lost yet."""
_FIXES = {
    "SpoolFull": "make the store reachable again, or raise spec.collection.spool.sizeMiB",
    "SpoolUnwritable": "look at the pod's volume 'spool' and at its node's disk",
    "StoreUnreachable": "check spec.collection.store and the way from the pods to it",
    "StoreRefused": "check spec.collection.store and the rights of its credentials",
    "CollectorSilent": "look at the log of container collector",
}


def collecting(seen: Seen, collection: CollectionStatus | None, now: datetime) -> Finding:
    """Records reach the store."""
    if seen.serving.collection is None:
        return false(Breach("Disabled", "nothing is collected: spec.collection is not set or not enabled"))
    asked = [(pod, pod.state.collection) for pod in seen.pods if pod.state and pod.state.collection]
    troubled = sorted(
        ((pod, state) for pod, state in asked if state.reason), key=lambda each: _rank(each[1].reason)
    )
    if troubled:
        return false(_trouble(seen, *troubled[0], len(troubled)))
    lost = collection.lost if collection else None
    if lost is not None and lost.time is not None and now - utc(lost.time) < RECENT:
        return false(Breach(RECORDS_LOST, _what_was_lost(lost)))
    if not seen.pods:
        return unknown("NoPods", "there is no pod that could collect")
    if not asked:
        return unknown("PodsNotReached", "no pod could be asked about its records yet")
    silent = len(seen.pods) - len(asked)
    but = f"; {silent} of {len(seen.pods)} pods could not be asked" if silent else ""
    return true("Collecting", f"records are collected, and nothing is in the way of the store{but}")


def _rank(word: str) -> int:
    return _WORST_FIRST.index(word) if word in _WORST_FIRST else len(_WORST_FIRST)


def _trouble(seen: Seen, pod: Pod, state: CollectionState, troubled: int) -> Breach:
    word = reason(state.reason, "CollectionFailed")
    total = len(seen.pods)
    share = f"{troubled} of {total} pods: " if total > 1 else ""
    message = f"{share}{said(pod, state.message or state.reason)}{store_secret_of(seen, state.message)}"
    fix = _FIXES.get(word)
    return Breach(word, f"{message}; {fix}" if fix else message)


def _what_was_lost(lost: Lost) -> str:
    where = f" in segments {lost.segments}" if lost.segments else ""
    why = f": {lost.reason}" if lost.reason else ""
    return (
        f"pod {lost.last_pod} went away with records{where} that were not stored{why};"
        " status.collection.lost has the sums, and an Event tells of each such pod"
    )
