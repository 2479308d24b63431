"""Finds segments that were lost, by the numbers that are missing between those that are stored. Pure.

A pod's spool numbers its segments without a hole, and each becomes an object, one without rows too. So a
number that is missing between two that are there was lost in the spool, or its object was deleted.
What lies before the first number or after the last says nothing: a window, or retention, cuts there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from flow_runtime.store.keys import SegmentKey


@dataclass(frozen=True, order=True)
class Gap:
    """Segments of one pod that are not in the store: numbers `first` to `last`, both of them missing."""

    prefix: str
    """`<cluster>/<namespace>/<deployment>`"""
    pod: str
    first: int
    last: int

    @property
    def segments(self) -> int:
        """How many are missing; how many rows they had, nobody knows."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        if self.first == self.last:
            return f"pod {self.pod}: segment {self.first} is missing"
        return f"pod {self.pod}: segments {self.first}-{self.last} are missing"


def gaps(keys: Iterable[SegmentKey]) -> tuple[Gap, ...]:
    """List what is missing between the lowest and the highest number of each pod, in order."""
    numbers: dict[tuple[str, str], set[int]] = {}
    for key in keys:
        numbers.setdefault((key.prefix, key.pod), set()).add(key.number)
    return tuple(
        Gap(prefix, pod, before + 1, after - 1)
        for (prefix, pod), seen in sorted(numbers.items())
        for before, after in pairwise(sorted(seen))
        if after - before > 1
    )
