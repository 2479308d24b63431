"""One try over HTTP: a pool of kept-alive connections, and what goes wrong on it as an LLMError."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncGenerator

from yarl import URL

from flow_runtime.llm.call import Call
from flow_runtime.llm.endpoint import Endpoint
from flow_runtime.llm.errors import (
    BadAnswer,
    ConnectionInvalid,
    LLMError,
    Unavailable,
    Untrusted,
    clean,
    from_status,
)
from flow_runtime.llm.pool import Pool
from flow_runtime.llm.proxies import Proxies
from flow_runtime.llm.reply import Reply
from flow_runtime.llm.wire import asked_wait

CANCELED = "canceled"
"""The status of a try that ended before its answer: the deadline was over, or the client had gone."""
LINE_LIMIT = 16 * 2**20
_FAILURES = (TimeoutError, OSError, ValueError)


class Transport:
    """Requests of all connections over one pool of kept-alive HTTP/1.1 connections for each event loop."""

    def __init__(self) -> None:
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}

    async def close(self) -> None:
        """Close the pool of the running loop."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            pool.close()

    async def post(self, endpoint: Endpoint, body: bytes, call: Call) -> bytes:
        """Give the content of an answer with status 200, and note the status. Raises LLMError."""
        reply = None
        try:
            reply = await self._pool().post(endpoint.url, endpoint.headers, body)
            content = await reply.read()
        except asyncio.CancelledError:
            call.attempts.append(CANCELED)
            raise
        except _FAILURES as error:
            raise _failure(endpoint, error, call) from error
        finally:
            if reply is not None:
                reply.close()  # who goes before the end ends the LLM's work, too
        _check(reply, content, endpoint, call)
        return content

    async def stream(self, endpoint: Endpoint, body: bytes, call: Call) -> AsyncGenerator[bytes, None]:
        """Give the lines of an answer with status 200, once it has begun. Raises LLMError, then and between.

        Closing it closes the HTTP connection, which ends the LLM's work, too.
        """
        reply = None
        try:
            reply = await self._pool().post(endpoint.url, endpoint.headers, body, streamed=True)
            content = b"" if reply.status == 200 else await reply.read()
            _check(reply, content, endpoint, call)
        except BaseException as error:
            if reply is not None:
                reply.close()
            if isinstance(error, asyncio.CancelledError):
                call.attempts.append(CANCELED)
            if isinstance(error, _FAILURES):
                raise _failure(endpoint, error, call) from error
            raise
        return _lines(reply, endpoint)

    def _pool(self) -> Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:  # only now, since a flow may bring variables of its own
            for ended in [each for each in list(self._pools) if each.is_closed()]:
                self._pools.pop(ended, None)  # user code's asyncio.run, maybe in several threads at once
            pool = self._pools[loop] = Pool(Proxies.of(os.environ))
        return pool


async def _lines(reply: Reply, endpoint: Endpoint) -> AsyncGenerator[bytes, None]:
    rest = b""
    try:
        async for part in reply.parts():
            *lines, rest = (rest + part).split(b"\n")
            if len(rest) > LINE_LIMIT:
                raise ConnectionError("a line has no end")
            for line in lines:
                yield line
    except _FAILURES as error:
        raise Unavailable(f"the LLM at {_host(endpoint)} broke its answer off: {_kind(error)}") from error
    finally:
        reply.close()
    if rest:
        yield rest


def _check(response: Reply, content: bytes, endpoint: Endpoint, call: Call) -> None:
    call.attempts.append(str(response.status))
    if response.status != 200:
        wait = asked_wait(response.headers, time.time())
        raise from_status(response.status, content, wait, _secret(endpoint))
    coding = response.headers.get("content-encoding", "").lower()
    if coding not in ("", "identity"):
        raise BadAnswer(
            f"the LLM's answer is compressed ({clean(coding)}), which it was asked not to be; "
            "a proxy or gateway on the way may do that"
        )


def _failure(endpoint: Endpoint, error: Exception, call: Call) -> LLMError:
    """Say what came of a request that got no answer."""
    call.attempts.append("error")
    llm = f"the LLM at {_host(endpoint)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Untrusted(f"{llm} shows a certificate that is not trusted: {_untrusted(error)}")
    if isinstance(error, ValueError):  # its text may be the value
        return ConnectionInvalid(
            f"{llm} cannot be asked: its URL, key or token is none that can be sent; "
            "a URL has no password in it, a key no line break"
        )
    return Unavailable(f"{llm} cannot be reached: {_kind(error)}")


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    why = clean(error.verify_message).rstrip(".")
    named = os.environ.get("SSL_CERT_FILE", "")
    if named and not os.access(named, os.R_OK):
        return f"{why}; SSL_CERT_FILE names a file that cannot be read: {clean(named)}"
    return f"{why}; to trust a private CA, let SSL_CERT_FILE name a file with its certificate (PEM)"


def _secret(endpoint: Endpoint) -> str:
    return endpoint.headers.get("api-key") or endpoint.headers["authorization"].removeprefix("Bearer ")


def _host(endpoint: Endpoint) -> str | None:
    try:
        return URL(endpoint.url, encoded=True).host
    except ValueError:
        return "a URL that cannot be read"


def _kind(error: Exception) -> str:
    if type(error) is ConnectionError:
        return str(error)  # our own words
    text = getattr(error, "strerror", None) or str(error)
    return clean(f"{type(error).__name__} {text}".strip())
