"""A keyed work queue: a key is worked on by one worker at a time, waits only once, and backs off by itself.

What client-go calls a rate-limiting queue, for one event loop. Time comes from a
`Timer` (the event loop, or a test's own).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

FIRST_DELAY = 1.0
LAST_DELAY = 300.0
"""Seconds: after the first failure, doubling, at most five minutes."""


K = TypeVar("K", bound=Hashable)


class Handle(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Take it back."""

    def when(self) -> float:
        """The time it is due, on the timer's clock."""


class Timer(Protocol):
    """The part of asyncio's event loop that the queue needs."""

    def time(self) -> float:
        """Seconds on a clock that never goes back."""

    def call_later(self, delay: float, callback: Callable[..., object], /, *args: object) -> Handle:
        """Call back after `delay` seconds."""


class WorkQueue(Generic[K]):
    """Keys that want work: deduplicated while waiting, serial while worked on."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._ready: deque[K] = deque()
        self._waiting: set[K] = set()
        self._active: set[K] = set()
        self._again: set[K] = set()
        self._later: dict[K, Handle] = {}
        self._failures: dict[K, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: K) -> None:
        """Ask for work on `key` now; if it is being worked on, once more right after that."""
        if (handle := self._later.pop(key, None)) is not None:
            handle.cancel()
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._wake.set()

    def add_later(self, key: K, seconds: float) -> None:
        """Ask for work on `key` in `seconds`, unless it is asked for earlier."""
        due = self._timer.time() + seconds
        known = self._later.get(key)
        if key in self._waiting or key in self._again or (known is not None and known.when() <= due):
            return
        if known is not None:
            known.cancel()
        self._later[key] = self._timer.call_later(seconds, self.add, key)

    async def get(self) -> K:
        """Wait for a key; it is the caller's until `done`."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._active.add(key)
        return key

    def done(self, key: K) -> None:
        """Give a key back; work that was asked for in between becomes due."""
        self._active.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def retry(self, key: K) -> float:
        """Note a failure and ask for the key again after its back-off; returns that delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(FIRST_DELAY * 2.0 ** min(failures, 16), LAST_DELAY)
        self.add_later(key, delay)
        return delay
