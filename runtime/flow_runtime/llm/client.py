"""A thin client of OpenAI's chat API over aiohttp: one request, the answer's text, tokens, bounded retries.

The openai package does more and costs ten times the CPU per call; it has no place on the request path.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from yarl import URL

from flow_runtime.llm.call import Call
from flow_runtime.llm.connection import Connections, Endpoint
from flow_runtime.llm.errors import BadAnswer, TemporaryLLMError, Unavailable, clean, from_status

MAX_TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
CONNECT_SECONDS = 10.0
ROUTING = ("model", "deployment_name")


class HTTPChat:
    """Chats of all connections over one pool of kept-alive HTTP/1.1 connections."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._open: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the pool."""
        if self._open is not None:
            await self._open.close()

    async def chat(
        self,
        connection: str,
        parameters: Mapping[str, Any],
        messages: list[dict[str, str]],
        call: Call,
        deadline: float,
    ) -> str:
        """Answer a chat, trying again while that can help and the deadline allows it. Raises LLMError."""
        now = asyncio.get_running_loop().time
        for tried in range(1, MAX_TRIES + 1):
            endpoint = self._connections.get(connection).endpoint(parameters)
            call.model = endpoint.model
            try:
                return await self._ask(endpoint, request_body(endpoint, parameters, messages), call)
            except TemporaryLLMError as error:
                pause = _pause(tried, error.retry_after)
                if tried == MAX_TRIES or now() + pause >= deadline:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            self._open = aiohttp.ClientSession(
                # The server's own limit of concurrent requests is the limit here, too.
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The deadline of the request ends a call; only connecting has a limit of its own.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers={"user-agent": "flow-operator"},
            )
        return self._open

    async def _ask(self, endpoint: Endpoint, body: bytes, call: Call) -> str:
        session, url = self._session(), URL(endpoint.url, encoded=True)
        try:
            async with session.post(
                url, data=body, headers=endpoint.headers, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            call.attempts.append("error")
            raise Unavailable(f"the LLM at {url.host} cannot be reached: {_kind(error)}") from error
        call.attempts.append(str(response.status))
        if response.status != 200:
            retry_after = _seconds(response.headers.get("retry-after"))
            raise from_status(response.status, content, retry_after, _secret(endpoint))
        return read_answer(content, call)


def request_body(endpoint: Endpoint, parameters: Mapping[str, Any], messages: list[dict[str, str]]) -> bytes:
    """Write the request: Azure's model is in the URL, the others' in the body."""
    body = {name: value for name, value in parameters.items() if name not in ROUTING}
    body["messages"] = messages
    if endpoint.model and "deployment_name" not in parameters:
        body["model"] = endpoint.model
    return orjson.dumps(body)


def read_answer(content: bytes, call: Call) -> str:
    """Take text, model and tokens out of an answer. Raises BadAnswer."""
    try:
        answer = orjson.loads(content)
        message = answer["choices"][0]["message"]
        text = message.get("content") or ""
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadAnswer("the LLM's answer is no chat completion with a choice in it") from error
    if not isinstance(text, str):
        raise BadAnswer("the content of the LLM's answer is not a text")
    call.model = str(answer.get("model") or call.model)
    usage = answer.get("usage")
    if isinstance(usage, dict):
        call.prompt_tokens = _count(usage.get("prompt_tokens"))
        call.completion_tokens = _count(usage.get("completion_tokens"))
    return text


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


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
