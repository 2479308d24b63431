"""The stub's HTTP server: /v1/models, /v1/chat/completions, /health. Protocol only, no rules."""

import asyncio
import json
import time

from aiohttp import web
from pydantic import JsonValue, ValidationError

from flow_runtime.llm.scripted.chat import MODEL, CannotAnswer, ChatRequest, chunks, completion, content_for

BODY_LIMIT = 4 * 1024**2
LATENCY: web.AppKey[float] = web.AppKey("latency", float)
"""Seconds that every answer waits, for measurements of what lies around it."""


def make_app(latency_seconds: float = 0) -> web.Application:
    """The application, ready to run."""
    app = web.Application(client_max_size=BODY_LIMIT)
    app[LATENCY] = latency_seconds
    app.add_routes(
        [
            web.get("/health", health),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", chat_completions),
        ]
    )
    return app


async def health(_: web.Request) -> web.Response:
    """Say that it is there."""
    return web.json_response({"status": "ok", "model": MODEL})


async def models(_: web.Request) -> web.Response:
    """List the one model."""
    return web.json_response(
        {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "flow-operator"}]}
    )


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer a chat, whole or as server-sent events; 400 in OpenAI's form for what cannot be read."""
    try:
        chat = ChatRequest.model_validate_json(await request.read())
        content = content_for(chat)
    except ValidationError as e:
        where = ".".join(str(part) for part in e.errors()[0]["loc"])
        return _refuse(f"{where or 'body'}: {e.errors()[0]['msg']}")
    except CannotAnswer as e:
        return _refuse(str(e))
    await asyncio.sleep(request.app[LATENCY])
    created = int(time.time())
    if chat.stream:
        return await _stream(request, chat, content, created)
    return web.json_response(completion(chat, content, created))


async def _stream(request: web.Request, chat: ChatRequest, content: str, created: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in chunks(chat, content, created):
        await response.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _refuse(message: str) -> web.Response:
    error: JsonValue = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=400)
