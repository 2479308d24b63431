"""Pods that are gone: what the watch told of their end, kept until the visit that accounts for them.

A pod's object goes within a moment of its collector's last word, so a LIST rarely shows it. The watch does,
and this is all that is ever taken from an event but a key. What it missed, after a restart for one, is
unknown: the visit then finds that a pod is no longer there, and waits a little for the watch before it says
so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from flow_operator.api.collection_status import PodTally
from flow_operator.manifests.names import Manifest
from flow_operator.status.ends import End, end_of

GRACE = timedelta(seconds=10)
"""How far the watch may be behind a LIST."""
REMEMBERED = 10_000
"""Ends that wait for a visit, or for none: pods that collect nothing end, too."""


class Departures:
    """The ends of pods, by uid."""

    def __init__(self) -> None:
        self._told: dict[str, End] = {}
        self._missed: dict[str, datetime] = {}

    def tell(self, pod: Manifest) -> None:
        """Note the last object of a pod."""
        if (end := end_of(pod, gone=True)) is not None:
            self._told[end.uid] = end
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

    def of(
        self, known: Iterable[PodTally], listed: Sequence[Manifest], now: datetime
    ) -> tuple[tuple[End, ...], bool]:
        """How known pods ended, and whether the watch may yet tell of some that are no longer listed."""
        here = {str(each["metadata"]["uid"]): each for each in listed}
        ends, open_ends = [], False
        for pod in known:
            told = end_of(here[pod.uid]) if pod.uid in here else self._told.get(pod.uid)
            if told is not None:
                ends.append(told)
            elif pod.uid not in here:
                if now - self._missed.setdefault(pod.uid, now) >= GRACE:
                    ends.append(End(pod.uid, pod.name))
                else:
                    open_ends = True
        return tuple(ends), open_ends

    def settle(self, uids: Iterable[str]) -> None:
        """Drop what has been accounted for."""
        for uid in uids:
            self._told.pop(uid, None)
            self._missed.pop(uid, None)
