"""Kept-alive connections to the hosts that are asked, straight or through a proxy, plain or by TLS."""

import asyncio
import base64
import ssl
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

from flow_runtime.llm.http1 import Connection, Reply
from flow_runtime.llm.proxies import Proxies

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 15.0
ROUTES_MAX = 256
USER_AGENT = "flow-operator"
_TARGET = "/%:=&?~+!$,;'@()*[]"


class Route(NamedTuple):
    """How a URL is reached, and what is the same in each request to it."""

    host: str
    port: int
    tls: bool
    proxy: URL | None
    head: str


class Pool:
    """The connections of one event loop."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._routes: dict[str, Route] = {}
        self._idle: dict[tuple[object, ...], list[tuple[Connection, float]]] = {}
        self._tls: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close what is not in use."""
        for connections in self._idle.values():
            for connection, _ in connections:
                connection.abort()
        self._idle.clear()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, streamed: bool = False) -> Reply:
        """Send a request. Raises OSError, and ValueError for what cannot be sent."""
        route = self._routes.get(url) or self._route(url)
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
            raise ValueError("a header with a line break")
        head = f"{route.head}{fields}content-length: {len(body)}\r\n\r\n".encode("latin-1")
        connection = self._kept(route) or await self._opened(route)
        return connection.ask(head + body, streamed)

    def _kept(self, route: Route) -> Connection | None:
        idle, oldest = self._idle.get(route[:4]), time.monotonic() - IDLE_SECONDS
        while idle:
            connection, since = idle.pop()
            if connection.usable:
                if since >= oldest:
                    return connection
                connection.abort()
        return None

    async def _opened(self, route: Route) -> Connection:
        key = route[:4]

        def free(connection: Connection) -> None:
            idle, now = self._idle.setdefault(key, []), time.monotonic()
            if idle and idle[0][1] < now - IDLE_SECONDS:
                idle.pop(0)[0].abort()
            idle.append((connection, now))

        def protocol() -> Connection:
            return Connection(free)

        async with asyncio.timeout(CONNECT_SECONDS):
            proxy = route.proxy
            if proxy is None:
                return await self._connect(protocol, route.host, route.port, route.tls)
            host, port = str(proxy.raw_host), int(proxy.port or 80)
            connection = await self._connect(protocol, host, port, proxy.scheme == "https")
            return await self._tunnel(connection, route, protocol()) if route.tls else connection

    async def _connect(
        self, protocol: Callable[[], Connection], host: str, port: int, tls: bool
    ) -> Connection:
        loop, context = asyncio.get_running_loop(), self._context() if tls else None
        name = host if tls else None
        _, connection = await loop.create_connection(protocol, host, port, ssl=context, server_hostname=name)
        return connection

    async def _tunnel(self, connection: Connection, route: Route, inner: Connection) -> Connection:
        """Have the proxy connect us to the host (RFC 9110, 9.3.6), and begin TLS there."""
        authority = _authority(route.host, route.port)
        assert route.proxy is not None  # noqa: S101 - only then is there a tunnel
        head = f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{_credentials(route.proxy)}\r\n"
        try:
            reply = connection.ask(head.encode("latin-1"), streamed=True)
            await reply.begun()
            if reply.status != 200:
                raise ConnectionError(f"the proxy answered {reply.status}")
            opened = await asyncio.get_running_loop().start_tls(
                connection.transport, inner, self._context(), server_hostname=route.host
            )
            if opened is None:
                raise ConnectionError("the tunnel was closed")
        except BaseException:
            connection.abort()
            raise
        inner.connection_made(opened)
        return inner

    def _context(self) -> ssl.SSLContext:
        """Trust what OpenSSL's variables say, else the system's CAs."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _route(self, url: str) -> Route:
        parsed = URL(url, encoded=True)
        if parsed.scheme not in ("http", "https") or not parsed.raw_host or parsed.user or parsed.password:
            raise ValueError("no URL that can be asked")
        host = parsed.raw_host if parsed.raw_host.isascii() else parsed.raw_host.encode("idna").decode()
        port, tls, proxy = parsed.port or 0, parsed.scheme == "https", self._proxies.to(parsed)
        authority = _authority(host, port, (443 if tls else 80))
        target, credentials = quote(parsed.raw_path_qs, safe=_TARGET), ""
        if proxy is not None and not tls:
            target, credentials = f"http://{authority}{target}", _credentials(proxy)
        head = (
            f"POST {target} HTTP/1.1\r\nhost: {authority}\r\nuser-agent: {USER_AGENT}\r\n"
            f"accept-encoding: identity\r\n{credentials}"
        )
        if len(self._routes) >= ROUTES_MAX:
            self._routes.clear()
        route = self._routes[url] = Route(host, port, tls, proxy, head)
        return route


def _authority(host: str, port: int, usual: int = 0) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == usual else f"{name}:{port}"


def _credentials(proxy: URL) -> str:
    if not proxy.user:
        return ""
    secret = base64.b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    return f"proxy-authorization: Basic {secret}\r\n"
