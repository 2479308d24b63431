"""Runs in a pod: an OpenAI-compatible judge that answers nonsense about every fifth lantern.

All else goes to the LLM behind it, so the two differ in nothing but the nonsense.
"""

import os
import re

import aiohttp
from aiohttp import web

BEHIND = os.environ["BEHIND"]
NONSENSE_ABOUT = re.compile(r"lantern \d*[05]\b")


async def chat(request: web.Request) -> web.Response:
    body = await request.text()
    if NONSENSE_ABOUT.search(body):
        message = {"role": "assistant", "content": 'Purple. 37 of 5 stars! {"score":'}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response(
            {"id": "x", "object": "chat.completion", "created": 1, "model": "babbler", "choices": [choice]}
        )
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{BEHIND}/chat/completions", data=body.encode()) as response,
    ):
        return web.json_response(await response.json(), status=response.status)


app = web.Application(client_max_size=4 * 1024**2)
app.add_routes([web.post("/v1/chat/completions", chat)])
web.run_app(app, port=8000, print=None)
