"""One try over HTTP: a pool of kept-alive connections, and what goes wrong on it as an LLMError."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from urllib.request import getproxies
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from flow_runtime.llm.call import Call
from flow_runtime.llm.endpoint import Endpoint
from flow_runtime.llm.errors import Unavailable, clean, from_status

CONNECT_SECONDS = 10.0
CANCELED = "canceled"
"""The status of a try that ended before its answer: the deadline was over, or the client had gone."""
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)


class Transport:
    """Requests of all connections over one pool of kept-alive HTTP/1.1 connections for each event loop."""

    def __init__(self) -> None:
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    async def close(self) -> None:
        """Close the pool of the running loop."""
        session = self._open.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def post(self, endpoint: Endpoint, body: bytes, call: Call) -> bytes:
        """Give the content of an answer with status 200, and note the status. Raises LLMError."""
        try:
            async with self._request(endpoint, body) as response:
                content: bytes = await response.read()
        except asyncio.CancelledError:
            call.attempts.append(CANCELED)
            raise
        except _BROKEN as error:
            raise _unreachable(endpoint, error, call) from error
        _check(response, content, endpoint, call)
        return content

    async def stream(self, endpoint: Endpoint, body: bytes, call: Call) -> AsyncGenerator[bytes, None]:
        """Give the lines of an answer with status 200, once it has begun. Raises LLMError, then and between.

        Closing it closes the HTTP connection, which ends the LLM's work, too.
        """
        try:
            response = await self._request(endpoint, body)
            content = b"" if response.status == 200 else await response.read()
        except asyncio.CancelledError:
            call.attempts.append(CANCELED)
            raise
        except _BROKEN as error:
            raise _unreachable(endpoint, error, call) from error
        _check(response, content, endpoint, call)
        return _lines(response, endpoint)

    def _request(self, endpoint: Endpoint, body: bytes) -> Any:
        url = URL(endpoint.url, encoded=True)
        return self._session().post(url, data=body, headers=endpoint.headers, allow_redirects=False)

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._open.get(loop)
        if session is None:
            session = self._open[loop] = aiohttp.ClientSession(
                # The server's own limit of concurrent requests is the limit here, too.
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The deadline of the request ends a call; only connecting has a limit of its own.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers={"user-agent": "flow-operator"},
                # Looking for a proxy costs each request something, so only where there is one.
                trust_env=bool(getproxies()),
            )
        return session


async def _lines(response: aiohttp.ClientResponse, endpoint: Endpoint) -> AsyncGenerator[bytes, None]:
    async with response:
        try:
            async for line in response.content:
                yield line
        except (*_BROKEN, ValueError) as error:
            raise Unavailable(f"the LLM at {_host(endpoint)} broke its answer off: {_kind(error)}") from error


def _check(response: aiohttp.ClientResponse, content: bytes, endpoint: Endpoint, call: Call) -> None:
    call.attempts.append(str(response.status))
    if response.status != 200:
        retry_after = _seconds(response.headers.get("retry-after"))
        raise from_status(response.status, content, retry_after, _secret(endpoint))


def _unreachable(endpoint: Endpoint, error: Exception, call: Call) -> Unavailable:
    call.attempts.append("error")
    return Unavailable(f"the LLM at {_host(endpoint)} cannot be reached: {_kind(error)}")


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None  # an HTTP date: rare, and our own pause serves as well


def _secret(endpoint: Endpoint) -> str:
    return endpoint.headers.get("api-key") or endpoint.headers["authorization"].removeprefix("Bearer ")


def _host(endpoint: Endpoint) -> str | None:
    return URL(endpoint.url, encoded=True).host


def _kind(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return clean(f"{type(error).__name__} {text}".strip())
