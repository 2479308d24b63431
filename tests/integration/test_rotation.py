"""Secrets that are rotated and broken under load, as the kubelet does it: nobody notices but the LLM."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.integration.processes import Caller, get_json, llm_that, serving, until
from tests.unit.secret_mount import SecretMount

pytestmark = pytest.mark.timeout(60)

CALLERS = 8
COMPLETION = {"model": "m", "choices": [{"message": {"role": "assistant", "content": "hello"}}]}


class Keys:
    """An LLM that takes its time and notes by which keys it was asked."""

    def __init__(self) -> None:
        self.seen: deque[str] = deque(maxlen=CALLERS * 3)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers["authorization"].removeprefix("Bearer "))
        await asyncio.sleep(0.02)
        return web.json_response(COMPLETION)

    async def until_only(self, key: str) -> None:
        """Wait until every request of late came by this key."""
        for _ in range(300):
            if len(self.seen) == self.seen.maxlen and set(self.seen) == {key}:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not only {key}: {list(self.seen)}")


async def until_said(port: int, right: Callable[[str], bool]) -> None:
    """Wait for a message of a pod that stays ready."""
    for _ in range(300):
        state = await get_json(port, "/state")
        assert (state["ready"], state["reason"]) == (True, "Ready")
        if right(state["message"]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(state["message"])


async def health(port: int) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        [line] = [each for each in (await answer.text()).splitlines() if each.startswith("flow_connection_h")]
        return line


async def test_rotation_under_load_fails_no_request_and_a_broken_secret_keeps_the_old_one(
    tmp_path: Path,
) -> None:
    llm = Keys()
    async with llm_that(llm.answer) as url:
        mount = SecretMount(tmp_path / "secret", api_key="key-0", base_url=url)
        with serving(tmp_path, url, key="") as server:
            await until(server, "Ready")
            callers = [Caller(server.port) for _ in range(CALLERS)]
            tasks = [asyncio.create_task(caller.run()) for caller in callers]
            for number in range(4):
                mount.write(api_key=f"key-{number}", base_url=url)
                await llm.until_only(f"key-{number}")
            for broken in ({}, {"base_url": url}, {"api_key": "", "base_url": url}, {"api_key": "key-3"}):
                mount.write(**broken)
                await until_said(server.metrics_port, lambda said: "the former value stays in use" in said)
                assert await health(server.metrics_port) == 'flow_connection_healthy{connection="llm"} 0.0'
                llm.seen.clear()
                await llm.until_only("key-3")
                mount.write(api_key="key-3", base_url=url)
                await until_said(server.metrics_port, lambda said: said == "")
                assert await health(server.metrics_port) == 'flow_connection_healthy{connection="llm"} 1.0'
            mount.write(api_key="key-4", base_url=url)
            await llm.until_only("key-4")
            assert server.process.poll() is None
            assert await asyncio.to_thread(server.stop) == 0
            await asyncio.gather(*tasks)
    assert sum(caller.lost for caller in callers) == 0
    records = server.records()
    assert len(records) == sum(caller.answered for caller in callers) > CALLERS * 3 * 9
    assert {record.status for record in records} == {200}
    assert "key-" not in server.log.read_text()


async def test_a_stream_that_began_with_the_old_key_is_told_to_its_end(tmp_path: Path) -> None:
    rotated, keys = asyncio.Event(), []

    async def stream(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["authorization"])
        if not (await request.json()).get("stream"):
            return web.json_response(COMPLETION)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for text in ("be", "gun"):
            await response.write(event({"choices": [{"delta": {"content": text}}]}))
            await rotated.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    async with llm_that(stream) as url, aiohttp.ClientSession() as http:
        mount = SecretMount(tmp_path / "secret", api_key="key-0", base_url=url)
        with serving(tmp_path, url, key="") as server:
            await until(server, "Ready")
            given: dict[str, Any] = {"json": {"question": "hi"}, "headers": {"accept": "text/event-stream"}}
            async with http.post(f"{server.url}/score", **given) as answer:
                assert b"be" in await answer.content.readuntil(b"\n\n")
                mount.write(api_key="key-1", base_url=url)
                while keys[-1] != "Bearer key-1":
                    async with http.post(f"{server.url}/score", json={"question": "hi"}) as other:
                        assert other.status == 200
                rotated.set()
                rest = (await answer.content.read()).decode()
    assert '"gun"' in rest
    assert "error" not in rest
    assert keys[0] == "Bearer key-0"


def event(body: Any) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
