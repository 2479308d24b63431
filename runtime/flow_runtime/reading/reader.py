"""Reads the rows of deployments over a span of time: lists partitions, fetches objects, counts as it goes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Generic

from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.settings import Identity
from flow_runtime.reading.merge import Hour, in_order
from flow_runtime.reading.rows import Row, Tell, Value, rows_of
from flow_runtime.store import ObjectMissingError, Store
from flow_runtime.store.gaps import Gap, gaps
from flow_runtime.store.keys import (
    FEEDBACK,
    RECORDS,
    SegmentKey,
    deployment_prefix,
    parse_segment_key,
    window_prefixes,
)

PARALLEL_FETCHES = 8
LATE = timedelta(hours=2)
"""Rows lie in the hour in which their segment was sealed, and a segment is open for an hour at most."""
EARLY = timedelta(hours=1)
"""A clock that went an hour back sealed rows into the hour before."""
SKEW = timedelta(minutes=5)
"""How far clocks of pods and store may be apart: an object written earlier than the span has none of it."""
_TELL_EVERY = 256
RECENT_IDS = 100_000
"""A row that is there twice is shown once if its twin is among so many rows before it."""


@dataclass(frozen=True)
class Span:
    """From `start` on and before `end`, both aware."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a row of this time belongs."""
        return self.start <= moment < self.end


@dataclass
class Progress:
    """How far a reading has come."""

    objects: int = 0
    """Read, or passed over."""
    found: int = 0
    """Objects that were listed so far."""
    rows: int = 0


class Reader(Generic[Value]):
    """One reading of rows of one kind. StoreError when the store cannot be listed or does not answer."""

    def __init__(
        self,
        store: Store,
        deployments: Sequence[Identity],
        span: Span,
        kind: type[Value],
        tell: Tell,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._deployments = deployments
        self._span = span
        self._kind = kind
        self._folder = FEEDBACK if kind is Feedback else RECORDS
        self._tell = tell
        self._on_progress = on_progress
        self._turn = asyncio.Semaphore(PARALLEL_FETCHES)
        self._keys: list[SegmentKey] = []
        self._seen: dict[str, None] = {}
        self.progress = Progress()

    async def rows(self) -> AsyncGenerator[Row[Value]]:
        """Stream the rows of the span in order of time, each id once."""
        async for row in in_order(self._hours(), self._fetch):
            if row.value.id not in self._seen:
                self._seen[row.value.id] = None
                if len(self._seen) > RECENT_IDS:
                    del self._seen[next(iter(self._seen))]
                yield row

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing between the objects that were listed."""
        return gaps(self._keys)

    async def _hours(self) -> AsyncIterator[Hour]:
        """List objects by the hour they were sealed in, rising: whole days at a time where they can be.

        Of days that are not there nothing is listed: a span of years costs what is stored, not the years.
        """
        start, end = self._span.start - EARLY, self._span.end + LATE
        windows = [window_prefixes(each, start, end, self._folder) for each in self._deployments]
        days = {
            f"{home}/{day}"
            for home in (f"{deployment_prefix(each)}/{self._folder}" for each in self._deployments)
            for day in await self._store.folders(home)
        }
        for prefixes in zip(*windows, strict=True):
            found: list[SegmentKey] = []
            for prefix in (each for each in prefixes if each.partition("/hour=")[0] in days):
                async for page in self._store.pages(prefix):
                    for entry in page:
                        key = parse_segment_key(entry.key, self._folder)
                        if key is not None:
                            self._keys.append(key)
                            if key.rows and entry.modified >= self._span.start - SKEW:
                                found.append(key)
            self.progress.found += len(found)
            for hour, keys in groupby(sorted(found, key=_hour), key=_hour):
                yield hour, list(keys)

    async def _fetch(self, key: SegmentKey) -> Iterator[Row[Value]]:
        async with self._turn:
            try:
                data = await self._store.get(str(key))
            except ObjectMissingError:
                self._tell(f"{key} was deleted while it was to be read")
                return iter(())
            finally:
                self.progress.objects += 1
        return self._counted(rows_of(key, data, self._kind, self._tell))

    def _counted(self, rows: Iterator[Row[Value]]) -> Iterator[Row[Value]]:
        for row in rows:
            self.progress.rows += 1
            if self.progress.rows % _TELL_EVERY == 0:
                self._on_progress(self.progress)
            if self._span.holds(row.time):
                yield row


def _hour(key: SegmentKey) -> datetime:
    return key.hour
