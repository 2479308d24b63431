"""Ends the work for a client that has gone: nobody is left to be answered, and tokens cost money."""

import asyncio
from types import TracebackType
from typing import Self

from flow_runtime.server.http import Disconnected, Receive

SOON = 0.25
"""Seconds before the watch begins: what is answered within them pays for a timer and no more."""


class ClientWatch:
    """Raises Disconnected out of its block when the client goes; the request's body must have been read."""

    def __init__(self, receive: Receive, after: float = SOON) -> None:
        self._receive = receive
        self._after = after
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._after, self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and self._task is not None:
            self._task.uncancel()
            if kind is None or kind is asyncio.CancelledError:
                raise Disconnected from None

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()
