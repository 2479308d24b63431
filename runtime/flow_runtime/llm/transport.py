"""One try over HTTP: a pool of kept-alive connections, and what goes wrong on it as an LLMError."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from flow_runtime.llm.call import Call
from flow_runtime.llm.endpoint import Endpoint
from flow_runtime.llm.errors import ConnectionInvalid, LLMError, Unavailable, Untrusted, clean, from_status
from flow_runtime.llm.proxies import Proxies
from flow_runtime.llm.wire import asked_wait

CONNECT_SECONDS = 10.0
CANCELED = "canceled"
"""The status of a try that ended before its answer: the deadline was over, or the client had gone."""
_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class Transport:
    """Requests of all connections over one pool of kept-alive HTTP/1.1 connections for each event loop."""

    def __init__(self) -> None:
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
        self._proxies = Proxies.of({})

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
        except _FAILURES as error:
            raise _failure(endpoint, error, call) from error
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
        except _FAILURES as error:
            raise _failure(endpoint, error, call) from error
        _check(response, content, endpoint, call)
        return _lines(response, endpoint)

    def _request(self, endpoint: Endpoint, body: bytes) -> Any:
        url, session = URL(endpoint.url, encoded=True), self._session()
        proxy = self._proxies.to(url) if self._proxies else None
        return session.post(url, data=body, headers=endpoint.headers, allow_redirects=False, proxy=proxy)

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
            )
            self._proxies = Proxies.of(os.environ)  # now, since a flow may bring variables of its own
        return session


async def _lines(response: aiohttp.ClientResponse, endpoint: Endpoint) -> AsyncGenerator[bytes, None]:
    async with response:
        try:
            async for line in response.content:
                yield line
        except _FAILURES as error:
            raise Unavailable(f"the LLM at {_host(endpoint)} broke its answer off: {_kind(error)}") from error


def _check(response: aiohttp.ClientResponse, content: bytes, endpoint: Endpoint, call: Call) -> None:
    call.attempts.append(str(response.status))
    if response.status != 200:
        wait = asked_wait(response.headers, time.time())
        raise from_status(response.status, content, wait, _secret(endpoint))


def _failure(endpoint: Endpoint, error: Exception, call: Call) -> LLMError:
    """Say what came of a request that got no answer."""
    call.attempts.append("error")
    llm = f"the LLM at {_host(endpoint)}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Untrusted(f"{llm} shows a certificate that is not trusted: {_untrusted(error)}")
    if isinstance(error, aiohttp.ClientHttpProxyError):  # its text has the proxy's password in it
        return Unavailable(f"{llm} cannot be reached: the proxy answered {error.status}")
    if isinstance(error, ValueError):  # its text may be the value
        return ConnectionInvalid(
            f"{llm} cannot be asked: its URL, key or token is none that can be sent; "
            "a URL has no password in it, a key no line break"
        )
    return Unavailable(f"{llm} cannot be reached: {_kind(error)}")


def _untrusted(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    why = clean(getattr(cause, "verify_message", "") or type(cause).__name__).rstrip(".")
    named = os.environ.get("SSL_CERT_FILE", "")
    if named and not os.access(named, os.R_OK):
        return f"{why}; SSL_CERT_FILE names a file that cannot be read: {clean(named)}"
    return f"{why}; to trust a private CA, let SSL_CERT_FILE name a file with its certificate (PEM)"


def _secret(endpoint: Endpoint) -> str:
    return endpoint.headers.get("api-key") or endpoint.headers["authorization"].removeprefix("Bearer ")


def _host(endpoint: Endpoint) -> str | None:
    return URL(endpoint.url, encoded=True).host


def _kind(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return clean(f"{type(error).__name__} {text}".strip())
