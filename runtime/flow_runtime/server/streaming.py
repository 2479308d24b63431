"""One answer as a stream of events: the fields that do not stream first, then the chunks as they come."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from flow_runtime.flow.stream import Stream
from flow_runtime.server import sse
from flow_runtime.server.http import Header, Send
from flow_runtime.server.outputs import not_serializable
from flow_runtime.server.recorder import Exchange

LAST_WORDS_SECONDS = 0.25
"""How long a client that does not read may keep the end of a stream from being sent."""
_HEAD: tuple[Header, ...] = (
    (b"content-type", sse.CONTENT_TYPE),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the events back
)


async def stream(
    exchange: Exchange,
    outputs: Mapping[str, Any],
    hidden: frozenset[str],
    send: Send,
    headers: Iterable[Header],
) -> None:
    """Send head and events, all but the end. Raises whatever the flow raises, and OutputNotSerializable.

    Nothing is sent before the first chunk is there: a failure until then still gets its own status.
    """
    streams = [value for value in outputs.values() if isinstance(value, Stream)]
    try:
        async for event in _events(outputs, hidden):
            if not exchange.streamed:
                exchange.first_byte = time.perf_counter() - exchange.begun
                exchange.streamed = True
                await send({"type": "http.response.start", "status": 200, "headers": [*_HEAD, *headers]})
            await _send(send, event)
        for each in streams:
            await each.join()  # what is for evaluation only is recorded and not sent
    finally:
        for each in streams:
            await each.aclose()
        if exchange.streamed:
            exchange.outputs = {
                name: value.joined if isinstance(value, Stream) else value for name, value in outputs.items()
            }


def has_stream(outputs: Mapping[str, Any], hidden: frozenset[str]) -> bool:
    """Say whether something streams that the caller sees."""
    return any(isinstance(value, Stream) and name not in hidden for name, value in outputs.items())


async def join_streams(outputs: dict[str, Any]) -> None:
    """Read the streams to texts, in place. Raises whatever the flow raises."""
    for name, value in outputs.items():
        if isinstance(value, Stream):
            outputs[name] = await value.join()


async def send_error(send: Send, body: Mapping[str, Any]) -> None:
    """Send the frame of a failure to a client that may have stopped reading."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            await _send(send, sse.error_event(body))


async def send_end(send: Send) -> None:
    """Send the last byte to a client that may have stopped reading."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            await send({"type": "http.response.body", "body": b""})


async def _events(outputs: Mapping[str, Any], hidden: frozenset[str]) -> AsyncIterator[bytes]:
    """Write the events; that of the fields comes together with the first chunk's."""
    seen = {name: value for name, value in outputs.items() if name not in hidden}
    name = next((name for name, value in seen.items() if isinstance(value, Stream)), None)
    fields = {other: value for other, value in seen.items() if other != name}
    head, begun = _written(sse.event, fields) if fields else b"", False
    if name is not None:
        write = sse.chunks_of(name)
        async for chunk in seen[name]:
            yield head + _written(write, chunk)
            head, begun = b"", True
    if not begun:
        yield head  # no chunk came at all, and the answer still has to begin


def _written(write: Callable[[Any], bytes], value: Any) -> bytes:
    try:
        return write(value)
    except TypeError as error:
        raise not_serializable(error) from error


async def _send(send: Send, event: bytes) -> None:
    await send({"type": "http.response.body", "body": event, "more_body": True})
