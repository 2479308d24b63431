"""What a run judges: drawn uniformly and without replacement from the row counts in objects' names. Pure.

The plan is stored before the judge is asked, so that a retry of the run judges the same records.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate

from flow_runtime.contracts.base import Contract
from flow_runtime.store.keys import SegmentKey

DRAWS_PER_RECORD = 20
"""At most so many rows are drawn for one record that is wanted: others are failures, or out of the window."""


class PlannedObject(Contract):
    """An object that rows are taken from."""

    key: str
    rows: tuple[int, ...]
    """Line numbers from 0, rising."""


class Plan(Contract):
    """plan.json of a run."""

    v: int = 1
    run: str
    window_start: datetime
    window_end: datetime
    seed: int
    records: int
    """Rows in the objects of the window's hours."""
    passed_over: int
    """Rows that were drawn and not taken: failures, not kept by the rate, out of the window."""
    unreadable: int
    """Rows that were drawn and are no records, or whose object is gone."""
    missing_segments: int = 0
    """Segments that are not there, between others of their pods that are."""
    sample: tuple[PlannedObject, ...]


Row = tuple[str, int]
"""Object's key and line number."""


def draw(objects: Sequence[SegmentKey], wanted: int, seed: int) -> list[Row]:
    """Draw rows in random order, more than wanted; the first n of them are a uniform sample of n."""
    ordered = sorted((str(each), each.rows) for each in objects)
    ends = list(accumulate(rows for _, rows in ordered))
    total = ends[-1] if ends else 0
    chosen = random.Random(seed).sample(range(total), min(total, wanted * DRAWS_PER_RECORD))
    return [_row(position, ordered, ends) for position in chosen]


def rounds(rows: Sequence[Row], wanted: int) -> Iterable[Sequence[Row]]:
    """Cut a draw into pieces to fetch one after the other: what is wanted, then twice as much each time."""
    start, size = 0, wanted
    while start < len(rows):
        yield rows[start : start + size]
        start, size = start + size, size * 2


def grouped(rows: Iterable[Row]) -> tuple[PlannedObject, ...]:
    """Group rows by object, in the order of the names: one fetch for each object."""
    by_key: dict[str, list[int]] = {}
    for key, number in rows:
        by_key.setdefault(key, []).append(number)
    return tuple(PlannedObject(key=key, rows=tuple(sorted(by_key[key]))) for key in sorted(by_key))


def _row(position: int, objects: Sequence[tuple[str, int]], ends: Sequence[int]) -> Row:
    index = bisect_right(ends, position)
    key, rows = objects[index]
    return key, position - (ends[index] - rows)
