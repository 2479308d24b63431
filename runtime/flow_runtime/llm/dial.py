"""New connections: straight or through a proxy, plain or by TLS."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

from aiohappyeyeballs import start_connection
from yarl import URL

from flow_runtime.llm.http1 import Connection
from flow_runtime.llm.reply import HEAD_LIMIT
from flow_runtime.llm.route import Route, authority, credentials

CONNECT_SECONDS = 10.0
NEXT_ADDRESS_SECONDS = 0.25
"""An address that has not answered by then does not hold up the next one (RFC 8305, 8)."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class Dialer:
    """Opens connections."""

    async def dial(self, route: Route, protocol: Callable[[], Connection]) -> Connection:
        """Open one. Raises OSError."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if route.proxy is None:
                    return await self._connect(protocol, route.host, route.port, route.tls)
                if route.tls:
                    return await self._tunnel(route, route.proxy, protocol)
                return await self._to_proxy(protocol, route.proxy)
        except TimeoutError as error:
            raise ConnectionError(f"no connection within {CONNECT_SECONDS:.0f} s") from error

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Trust what OpenSSL's variables say, else the system's CAs."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def _connect(self, protocol: Callable[[], _Protocol], host: str, port: int, tls: bool) -> _Protocol:
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            connected = await start_connection(
                addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, loop=loop
            )
        except RuntimeError as error:  # uvloop's, now and then, in an OSError's place
            raise ConnectionError("its address cannot be connected to") from error
        # From here on the loop closes the socket, whatever happens.
        _, made = await loop.create_connection(
            protocol,
            sock=connected,
            ssl=self._tls if tls else None,
            server_hostname=_certified(host) if tls else None,
        )
        return made

    async def _to_proxy(self, protocol: Callable[[], _Protocol], proxy: URL) -> _Protocol:
        host, port = str(proxy.raw_host), int(proxy.port or 80)
        try:
            return await self._connect(protocol, host, port, proxy.scheme == "https")
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConnectionError(f"its proxy {authority(host, port)}: {why}") from error

    async def _tunnel(self, route: Route, proxy: URL, protocol: Callable[[], Connection]) -> Connection:
        """Have the proxy connect us to the host (RFC 9110, 9.3.6), and begin TLS there."""
        outer, inner = await self._to_proxy(_Tunnel, proxy), protocol()
        try:
            await outer.begin(authority(route.host, route.port), credentials(proxy))
            opened = await asyncio.get_running_loop().start_tls(
                outer.transport, inner, self._tls, server_hostname=_certified(route.host)
            )
            if opened is None:
                raise ConnectionError("the tunnel was closed")
        except BaseException:
            outer.transport.abort()
            raise
        inner.connection_made(opened)
        return inner


class _Tunnel(asyncio.Protocol):
    """A connection to a proxy until it leads to the host.

    The answer to CONNECT is a head and nothing else, whatever its fields say of a body (RFC 9110, 9.3.6).
    """

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._read = b""
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def begin(self, host: str, right: str) -> None:
        """Ask for the tunnel. Raises OSError."""
        self.transport.write(f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n{right}\r\n".encode("latin-1"))
        await self._answered
        status = _STATUS.match(self._read)
        if status is None:
            raise ConnectionError("the proxy's answer is none of HTTP/1.1")
        if not status[1].startswith(b"2"):
            raise ConnectionError(f"the proxy answered {status[1].decode()}")
        if not self._read.endswith(b"\r\n\r\n"):
            raise ConnectionError("the proxy sent more than was asked")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._read += data
        if self._answered.done():
            return
        if b"\r\n\r\n" in self._read:
            self._answered.set_result(None)
        elif len(self._read) > HEAD_LIMIT:
            self._answered.set_exception(ConnectionError("the head of the proxy's answer has no end"))

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end."""
        if not self._answered.done():
            self._answered.set_exception(error or ConnectionError("the proxy closed the connection"))


def _certified(host: str) -> str:
    """Give the name in the host's certificate: none has the dot that ends an absolute name."""
    return host.rstrip(".")
