"""Runs in a pod: an OpenAI-compatible LLM whose every answer is the key that it was asked with."""

from aiohttp import web


async def chat(request: web.Request) -> web.Response:
    key = request.headers["authorization"].removeprefix("Bearer ")
    choice = {"index": 0, "message": {"role": "assistant", "content": key}, "finish_reason": "stop"}
    return web.json_response(
        {"id": "x", "object": "chat.completion", "created": 1, "model": "key-teller", "choices": [choice]}
    )


app = web.Application()
app.add_routes([web.post("/v1/chat/completions", chat)])
web.run_app(app, port=8000, print=None)
