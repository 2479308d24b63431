"""The little HTTP that is ours on top of ASGI: bodies with a limit, answers, headers of a request."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = (b"content-type", b"application/json")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class BodyTooLarge(Exception):  # noqa: N818 - it is an answer, 413
    """The body is over the limit."""


class Disconnected(Exception):  # noqa: N818 - nobody is left to be told of an error
    """The client has gone before its body was complete."""


async def read_body(receive: Receive, length: bytes | None, limit: int) -> bytes:
    """Read a request's body of at most `limit` bytes. Raises BodyTooLarge and Disconnected."""
    if length is not None and length.isdigit() and int(length) > limit:
        raise BodyTooLarge
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        if len(body) > limit:
            raise BodyTooLarge
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise BodyTooLarge
    if message["type"] != "http.request":
        raise Disconnected
    return b"".join(parts)


async def answer(send: Send, status: int, body: bytes, headers: Iterable[Header]) -> None:
    """Send a whole answer."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, value: Any, *headers: Header) -> None:
    """Send a value as JSON."""
    await answer(send, status, orjson.dumps(value), (JSON, *headers))


def error_body(code: str, message: str) -> dict[str, Any]:
    """promptflow's form of an error."""
    return {"error": {"code": code, "message": message}}


def trace_id(headers: MutableMapping[bytes, bytes]) -> str | None:
    """Take the trace id of a W3C traceparent."""
    found = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return found[1].decode("ascii") if found else None


def user(headers: MutableMapping[bytes, bytes], name: bytes) -> str | None:
    """Take who asks from the header that says so; no name, no user."""
    given = headers.get(name) if name else None
    return given.decode("utf-8", "replace") if given else None
