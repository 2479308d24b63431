"""The server as a process on loopback, with LLMs that answer, fail, hang and break."""

import asyncio
import json
import signal
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from flow_runtime.contracts.state import PodState
from flow_runtime.spool import read_counts, sealed
from tests.integration.processes import (
    Caller,
    Handler,
    ask,
    free_port,
    get_json,
    llm_that,
    scripted_llm,
    serving,
    until,
)

pytestmark = pytest.mark.timeout(30)

COMPLETION = {
    "model": "m-1",
    "choices": [{"message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
}


async def test_the_scripted_llm_answers_through_the_server(tmp_path: Path) -> None:
    with scripted_llm() as url, serving(tmp_path, url) as server:
        await until(server, "Ready")
        status, body, headers = await ask(server)
        assert (status, type(body["answer"])) == (200, str)
        state = PodState.model_validate(await get_json(server.metrics_port, "/state"))
        assert state.collection is not None
        assert state.collection.captured == 1
        assert server.stop() == 0
        [record] = server.records()
        assert record.request_id == headers["x-request-id"]
        assert record.tokens.prompt > 0


async def test_what_an_llm_does_once_is_tried_again(tmp_path: Path) -> None:
    asked = []

    async def busy_once(request: web.Request) -> web.StreamResponse:
        asked.append((await request.json(), request.headers["authorization"]))
        if len(asked) == 1:
            return web.json_response({}, status=429, headers={"retry-after": "0.1"})
        if len(asked) == 2:
            begun = web.StreamResponse(headers={"content-length": "100"})
            await begun.prepare(request)
            await begun.write(b"{")
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(COMPLETION)

    async with llm_that(busy_once) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            assert (await ask(server))[:2] == (200, {"answer": "hello"})
            async with aiohttp.ClientSession() as http:
                found = await http.get(f"http://127.0.0.1:{server.metrics_port}/metrics")
                metrics = await found.text()
    assert [key for _, key in asked] == ["Bearer sk-secret-value"] * 3
    assert asked[0][0]["messages"][-1] == {"role": "user", "content": "hi"}
    for code in ("429", "error", "200"):
        assert f'flow_llm_requests_total{{code="{code}",model="m-1",node="chat"}} 1.0' in metrics


async def refuse(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "no model m, key sk-secret-value"}}, status=404)


async def deny(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "bad key sk-secret-value"}}, status=401)


async def fail(request: web.Request) -> web.StreamResponse:
    return web.json_response({}, status=500)


async def wait_long(request: web.Request) -> web.StreamResponse:
    return web.json_response({}, status=429, headers={"retry-after": "60"})


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError


async def babble(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>", content_type="text/html")


async def break_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.close()
    return answer


FAULTS: dict[str, tuple[Handler, int, str]] = {
    "refuses": (refuse, 502, "Refused"),
    "denies the key": (deny, 502, "Unauthorized"),
    "always fails": (fail, 503, "Unavailable"),
    "wants us to wait beyond the deadline": (wait_long, 503, "RateLimited"),
    "hangs": (hang, 504, "DeadlineExceeded"),
    "babbles": (babble, 502, "BadAnswer"),
    "breaks off": (break_off, 503, "Unavailable"),
}


@pytest.mark.parametrize(("handler", "status", "name"), FAULTS.values(), ids=FAULTS)
async def test_an_llm_that(handler: Handler, status: int, name: str, tmp_path: Path) -> None:
    async with llm_that(handler) as url:
        with serving(tmp_path, url, request_timeout_seconds=1) as server:
            await until(server, "Ready")
            begun = time.monotonic()
            found, body, headers = await ask(server)
            assert time.monotonic() - begun < 1.5  # the bound: the deadline and half a second
            assert found == status
            assert "node 'chat'" in body["error"]["message"]
            assert ("retry-after" in headers) == (name == "RateLimited")
            server.stop()
            [record] = server.records()
            assert record.error is not None
            assert (record.error.code, record.error.node, record.status) == (name, "chat", status)
            assert "sk-secret" not in json.dumps(body) + record.model_dump_json() + server.log.read_text()


async def test_an_llm_that_is_not_there_is_a_503(tmp_path: Path) -> None:
    with serving(tmp_path, f"http://127.0.0.1:{free_port()}/v1", request_timeout_seconds=1) as server:
        await until(server, "Ready")
        status, body, _ = await ask(server)
        assert (status, body["error"]["code"]) == (503, "SystemError")
        assert "cannot be reached" in body["error"]["message"]


async def test_too_many_requests_at_once_are_429(tmp_path: Path) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.json_response(COMPLETION)

    async with llm_that(slow) as url:
        with serving(tmp_path, url, max_concurrent_requests=3) as server:
            await until(server, "Ready")
            answers = await asyncio.gather(*(ask(server) for _ in range(8)))
    statuses = sorted(status for status, _, _ in answers)
    assert statuses == [200] * 3 + [429] * 5


async def test_a_secret_that_comes_late_makes_a_running_server_ready(tmp_path: Path) -> None:
    async def fine(request: web.Request) -> web.StreamResponse:
        return web.json_response(COMPLETION)

    async with llm_that(fine) as url:
        with serving(tmp_path, url, key="") as server:
            await until(server, "ConnectionInvalid")
            assert (await ask(server))[0] == 503
            (tmp_path / "secret" / "api_key").write_text("sk-late")
            await until(server, "Ready")
            assert (await ask(server))[0] == 200


async def test_sigterm_under_load_loses_no_accepted_request_and_records_are_requests(tmp_path: Path) -> None:
    async def fine(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return web.json_response(COMPLETION)

    async with llm_that(fine) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            callers = [Caller(server.port) for _ in range(24)]
            load = asyncio.gather(*(caller.run() for caller in callers))
            await asyncio.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            await load
            assert await asyncio.to_thread(server.process.wait, 15) == 0
    answered = sum(caller.answered for caller in callers)
    assert answered > 100
    assert sum(caller.lost for caller in callers) == 0
    assert len(server.records()) == answered
    assert read_counts(server.spool).captured == answered
    assert list(server.spool.glob("*.open")) == []


async def test_records_survive_a_kill(tmp_path: Path) -> None:
    async def fine(request: web.Request) -> web.StreamResponse:
        return web.json_response(COMPLETION)

    async with llm_that(fine) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            for _ in range(5):
                await ask(server)
            server.process.kill()
            server.process.wait(10)
        with serving(tmp_path, url) as again:
            await until(again, "Ready")
            await ask(again)
            state = await get_json(again.metrics_port, "/state")
            assert state["collection"]["captured"] == 6
            again.stop()
            assert len(again.records()) == 6
            assert [segment.no for segment in sealed(again.spool)] == [1, 2]
