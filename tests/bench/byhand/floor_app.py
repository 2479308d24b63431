"""The floor: the same flows with no framework at all, raw ASGI, aiohttp and orjson."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import flows
import orjson

_URL = f"{flows.URL}/chat/completions"
_HEADERS = {"content-type": "application/json", "authorization": f"Bearer {flows.KEY}"}
_sessions: list[aiohttp.ClientSession] = []
Send = Callable[[dict[str, Any]], Awaitable[None]]


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    return _sessions[0]


async def ask(messages: flows.Messages) -> str:
    body = orjson.dumps({"model": "stub", "messages": messages, "temperature": 0})
    async with _session().post(_URL, data=body, headers=_HEADERS) as answer:
        answer.raise_for_status()
        return orjson.loads(await answer.read())["choices"][0]["message"]["content"]


async def pieces(messages: flows.Messages) -> AsyncIterator[str]:
    body = orjson.dumps({"model": "stub", "messages": messages, "temperature": 0, "stream": True})
    async with _session().post(_URL, data=body, headers=_HEADERS) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            if line.startswith(b"data: {"):
                text = orjson.loads(line[6:])["choices"][0]["delta"].get("content")
                if text is not None:
                    yield text


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    if scope["path"] == "/health":
        await _answer(send, b'{"status":"Healthy"}')
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    inputs = orjson.loads(body)
    if scope["path"] == "/score":
        await _answer(send, orjson.dumps(await flows.RUN(ask, **inputs)))
    else:
        await _stream(send, flows.messages(inputs["question"], inputs.get("chat_history", ())))


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Send, messages: flows.Messages) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for piece in pieces(messages):
        frame = b"data: " + orjson.dumps({"answer": piece}) + b"\n\n"
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
