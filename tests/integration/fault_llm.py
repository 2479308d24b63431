"""An LLM that fails in the way that the question names, or answers `fine`: python fault_llm.py PORT."""

import asyncio
import sys

from aiohttp import web

ANSWER = {
    "model": "m-1",
    "choices": [{"message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
}
ERROR = {"error": {"message": "no, key sk-secret-value", "type": "x", "code": "x"}}
FILTERED = {"error": {"message": "The prompt was filtered", "code": "content_filter", "status": 400}}
CHUNK = 'data: {"model": "m-1", "choices": [{"delta": {"content": "half "}}]}\n\n'
BODIES = {
    "malformed": '{"choices": [{"message": ',
    "no choices": '{"model": "m-1", "choices": []}',
    "babble": "<html>busy</html>",
}
FOREVER = 60.0


async def chat(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    fault = asked["messages"][-1]["content"]
    if fault.isdigit():
        return web.json_response(ERROR, status=int(fault))
    if fault.startswith("429 after "):
        return web.json_response(ERROR, status=429, headers={"retry-after": fault.rpartition(" ")[2]})
    if fault == "filtered prompt":
        return web.json_response(FILTERED, status=400)
    if fault == "filtered answer":
        choice = {"message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}
        return web.json_response(ANSWER | {"choices": [choice]})
    if fault in BODIES:
        return web.Response(text=BODIES[fault], content_type="application/json")
    if fault == "hang":
        await asyncio.sleep(FOREVER)
    if fault == "reset":
        return await _reset(request)
    if asked.get("stream"):
        return await _stream(request, fault)
    return web.json_response(ANSWER)


async def _reset(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.abort()
    return answer


async def _stream(request: web.Request, fault: str) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)
    await answer.write(CHUNK.encode())
    match fault:
        case "slow stream":
            for _ in range(600):
                await asyncio.sleep(0.1)
                await answer.write(CHUNK.encode())
        case "cut stream":
            assert request.transport is not None
            request.transport.abort()
            return answer
        case "ended stream":
            return answer
        case "broken event":
            await answer.write(b'data: {"choices": 5}\n\n')
        case "error event":
            await answer.write(b'data: {"error": {"message": "overloaded, key sk-secret-value"}}\n\n')
    await answer.write(b"data: [DONE]\n\n")
    return answer


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=0.1)
