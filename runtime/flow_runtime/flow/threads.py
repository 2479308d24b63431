"""A bounded pool of daemon threads for synchronous tools.

Not concurrent.futures: its threads keep a process from ending while a tool hangs.
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Job = tuple[Callable[[], Any], asyncio.Future[Any], asyncio.AbstractEventLoop, contextvars.Context]


class Threads:
    """At most `size` calls at the same time; further ones wait for their turn."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._started = 0
        self._busy = 0
        self._jobs: SimpleQueue[_Job] = SimpleQueue()

    async def run(self, call: Callable[[], Any]) -> Any:
        """Run a call in a thread. If it is cancelled before it has begun, it never does."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if self._busy >= self._started < self._size:
            self._started += 1
            threading.Thread(target=self._work, name=f"tool-{self._started}", daemon=True).start()
        self._busy += 1
        try:
            self._jobs.put((call, future, loop, contextvars.copy_context()))
            value, error = await future
        finally:
            self._busy -= 1
        if error is not None:
            raise error
        return value

    def _work(self) -> None:
        while True:
            call, future, loop, context = self._jobs.get()
            if future.cancelled():
                continue
            value: Any = None
            error: BaseException | None = None
            try:
                value = context.run(call)
            except BaseException as raised:  # noqa: BLE001 - nothing that a tool raises may end the thread
                # What means something else to the event loop, such as CancelledError, must not reach it.
                expected = isinstance(raised, Exception | SystemExit)
                error = raised if expected else RuntimeError(type(raised).__name__)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
                loop.call_soon_threadsafe(_settle, future, (value, error))
            del call, future, value, error


def _settle(future: asyncio.Future[Any], outcome: tuple[Any, BaseException | None]) -> None:
    if not future.done():
        future.set_result(outcome)
