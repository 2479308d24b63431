"""A thin client of OpenAI's API over aiohttp: one request, the answer or its stream, bounded retries.

The openai package does more and costs ten times the CPU per call; it has no place on the request path.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.request import getproxies
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from flow_runtime.llm.call import Call, Prompt, said
from flow_runtime.llm.connection import Connection, Connections, Endpoint
from flow_runtime.llm.errors import LLMError, TemporaryLLMError, Unavailable, clean, from_status
from flow_runtime.llm.wire import is_end, read_answer, read_embedding, read_event, request_body

MAX_TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
CONNECT_SECONDS = 10.0
CHAT_COMPLETIONS, COMPLETIONS, EMBEDDINGS = "chat/completions", "completions", "embeddings"

_T = TypeVar("_T")


class HTTPChat:
    """Calls of all connections over one pool of kept-alive HTTP/1.1 connections."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    async def close(self) -> None:
        """Close the pool of the running loop."""
        session = self._open.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def ask(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> dict[str, Any]:
        """Give the whole answer, trying again while that can help and time allows it. Raises LLMError."""
        operation = COMPLETIONS if isinstance(prompt, str) else CHAT_COMPLETIONS
        name = "prompt" if isinstance(prompt, str) else "messages"
        return await self._ask(connection, parameters, operation, name, prompt, call, deadline, read_answer)

    async def embed(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        text: str,
        call: Call,
        deadline: float,
    ) -> list[float]:
        """Give the embedding of a text. Raises LLMError."""
        return await self._ask(
            connection, parameters, EMBEDDINGS, "input", text, call, deadline, read_embedding
        )

    async def _ask(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        operation: str,
        name: str,
        said: Any,
        call: Call,
        deadline: float,
        read: Callable[[bytes, Call], _T],
    ) -> _T:
        async def attempt() -> _T:
            endpoint = self._endpoint(connection, parameters, operation, call)
            body = request_body(endpoint, parameters, name, said)
            try:
                async with self._post(endpoint, body) as response:
                    content = await response.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise _unreachable(endpoint, error, call) from error
            _check(response, content, endpoint, call)
            return read(content, call)

        return await _trying(attempt, deadline)

    async def chat(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> Any:
        """Give the answer's text; with tools or functions, the message. Raises LLMError."""
        return said(await self.ask(connection, parameters, prompt, call, deadline), parameters)

    async def stream(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> AsyncIterator[str]:
        """Yield the pieces of the text; tries again only before the first one. Raises LLMError."""

        operation = COMPLETIONS if isinstance(prompt, str) else CHAT_COMPLETIONS
        name = "prompt" if isinstance(prompt, str) else "messages"

        async def attempt() -> tuple[aiohttp.ClientResponse, Endpoint]:
            endpoint = self._endpoint(connection, parameters, operation, call)
            body = request_body(endpoint, parameters, name, prompt, stream=True)
            try:
                response = await self._post(endpoint, body)
                content = b"" if response.status == 200 else await response.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise _unreachable(endpoint, error, call) from error
            _check(response, content, endpoint, call)
            return response, endpoint

        response, endpoint = await _trying(attempt, deadline)
        async with response:  # closing it ends the LLM's work, too
            async for piece in _pieces(response, endpoint, call):
                yield piece

    def _endpoint(
        self, connection: str | Connection, parameters: Mapping[str, Any], operation: str, call: Call
    ) -> Endpoint:
        """Look the connection up anew for each try: its key may have been changed meanwhile."""
        found = self._connections.get(connection) if isinstance(connection, str) else connection
        endpoint = found.endpoint(parameters, operation)
        call.model = endpoint.model
        return endpoint

    def _post(self, endpoint: Endpoint, body: bytes) -> Any:
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


async def _trying(attempt: Callable[[], Awaitable[_T]], deadline: float) -> _T:
    """Repeat what fails for a time, with pauses, as often as it may and as long as the deadline allows."""
    now = asyncio.get_running_loop().time
    tried = 1
    while True:
        try:
            return await attempt()
        except TemporaryLLMError as error:
            pause = _pause(tried, error.retry_after)
            if tried == MAX_TRIES or now() + pause >= deadline:
                raise
        tried += 1
        await asyncio.sleep(pause)


async def _pieces(response: aiohttp.ClientResponse, endpoint: Endpoint, call: Call) -> AsyncIterator[str]:
    try:
        async for line in response.content:
            piece = read_event(line, call)
            if piece is not None:
                yield piece
            elif is_end(line):
                return
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        host = URL(endpoint.url, encoded=True).host
        raise Unavailable(f"the LLM at {host} broke its answer off: {_kind(error)}") from error
    raise Unavailable("the LLM's stream ended before its end was said")


def _check(response: aiohttp.ClientResponse, content: bytes, endpoint: Endpoint, call: Call) -> None:
    call.attempts.append(str(response.status))
    if response.status != 200:
        retry_after = _seconds(response.headers.get("retry-after"))
        raise from_status(response.status, content, retry_after, _secret(endpoint))


def _unreachable(endpoint: Endpoint, error: Exception, call: Call) -> LLMError:
    call.attempts.append("error")
    host = URL(endpoint.url, encoded=True).host
    return Unavailable(f"the LLM at {host} cannot be reached: {_kind(error)}")


def _pause(tried: int, retry_after: float | None) -> float:
    """Wait what the server asks for, else longer each time; the jitter keeps replicas apart."""
    if retry_after is not None:
        return retry_after
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.5)


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None  # an HTTP date: rare, and our own pause serves as well


def _secret(endpoint: Endpoint) -> str:
    return endpoint.headers.get("api-key") or endpoint.headers["authorization"].removeprefix("Bearer ")


def _kind(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return clean(f"{type(error).__name__} {text}".strip())
