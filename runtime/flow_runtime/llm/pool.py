"""Kept-alive connections to the hosts that are asked."""

import asyncio
import time
from collections.abc import Mapping

from flow_runtime.llm.dial import Dialer
from flow_runtime.llm.http1 import Connection
from flow_runtime.llm.idle import IDLE_SECONDS, Idle
from flow_runtime.llm.proxies import Proxies
from flow_runtime.llm.reply import Reply
from flow_runtime.llm.route import Route, route_to

ROUTES_MAX = 256


class Pool:
    """The connections of one event loop."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._dialer = Dialer()
        self._routes: dict[str, Route] = {}
        self._idle = Idle()
        self._sweeper: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Close what is not in use."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._idle.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, streamed: bool = False) -> Reply:
        """Send a request, and wait for the head of its answer, or all of it unless it is streamed.

        Raises OSError, and ValueError or ConnectionInvalid for what cannot be sent.
        """
        route = self._routes.get(url) or self._route(url)
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
            raise ValueError("a header with a line break")
        request = f"{route.head}{fields}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body
        kept = self._idle.take(route.key, time.monotonic())
        if kept is not None:
            reply = kept.ask(request, streamed)
            try:
                return await reply.begun()
            except OSError:
                if reply.touched:
                    raise
                # The server closed it for want of work just as it was asked: nobody has worked on it yet.
        connection = await self._dial(route)
        return await connection.ask(request, streamed).begun()

    async def _dial(self, route: Route) -> Connection:
        key = route.key

        def free(connection: Connection) -> None:
            self._idle.put(key, connection, time.monotonic())
            if self._sweeper is None:
                self._sweep_later()

        return await self._dialer.dial(route, lambda: Connection(free))

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        if self._idle.sweep(time.monotonic()):
            self._sweep_later()

    def _route(self, url: str) -> Route:
        if len(self._routes) >= ROUTES_MAX:
            self._routes.clear()
        route = self._routes[url] = route_to(url, self._proxies)
        return route
