"""Streams the rows of many pods in order of time, with a few objects in memory for each pod that is read."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import Generic

from flow_runtime.reading.rows import Row, Value
from flow_runtime.store.keys import SegmentKey

Fetch = Callable[[SegmentKey], Awaitable[Iterator[Row[Value]]]]
"""Gets an object's rows; none when it cannot be got."""
Hour = tuple[datetime, list[SegmentKey]]


class _Chain(Generic[Value]):
    """The segments of one pod, one after the other; while one is read, the next is fetched."""

    def __init__(self, fetch: Fetch[Value]) -> None:
        self._fetch = fetch
        self._keys: deque[SegmentKey] = deque()
        self._next: asyncio.Task[Iterator[Row[Value]]] | None = None
        self._rows: Iterator[Row[Value]] = iter(())
        self.waiting = False
        """A row of it is waiting for its turn."""

    def extend(self, keys: Iterable[SegmentKey]) -> None:
        self._keys.extend(keys)
        if self._next is None:
            self._look_ahead()

    async def take(self) -> Row[Value] | None:
        """Give the next row; None when there is none before more segments are known."""
        while True:
            row = next(self._rows, None)
            self.waiting = row is not None
            if row is not None or self._next is None:
                return row
            self._rows = await self._next
            self._look_ahead()

    def _look_ahead(self) -> None:
        self._next = asyncio.create_task(self._get(self._keys.popleft())) if self._keys else None

    async def _get(self, key: SegmentKey) -> Iterator[Row[Value]]:
        return await self._fetch(key)

    def drop(self) -> None:
        if self._next is not None:
            self._next.cancel()


async def in_order(hours: AsyncIterator[Hour], fetch: Fetch[Value]) -> AsyncGenerator[Row[Value]]:
    """Merge the rows of all pods by time. `hours`: the objects by the hour they were sealed in, rising.

    Rows of a pod come as it wrote them: requests that overlapped may stand in each other's place. A row is
    held back until the hour after its own is known, since its segment may be sealed in that one.
    """
    chains: dict[tuple[str, str], _Chain[Value]] = {}
    heap: list[tuple[datetime, int, Row[Value], _Chain[Value]]] = []
    ticket = count()

    async def advance(chain: _Chain[Value]) -> None:
        row = await chain.take()
        if row is not None:
            heapq.heappush(heap, (row.time, next(ticket), row, chain))

    try:
        async for hour, keys in hours:
            for key in sorted(keys, key=lambda key: (key.prefix, key.pod, key.number)):
                chains.setdefault((key.prefix, key.pod), _Chain(fetch)).extend([key])
            for chain in chains.values():
                if not chain.waiting:
                    await advance(chain)
            while heap and heap[0][0] < hour:
                _, _, row, chain = heapq.heappop(heap)
                yield row
                await advance(chain)
            chains = {name: chain for name, chain in chains.items() if chain.waiting}
        while heap:
            _, _, row, chain = heapq.heappop(heap)
            yield row
            await advance(chain)
    finally:
        for chain in chains.values():
            chain.drop()
