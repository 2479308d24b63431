"""An LLM that is down is not asked by everybody all the time, and is asked again when it is back."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from flow_runtime.llm.budget import PER_RETRY, RESERVE
from tests.integration.processes import Server, ask, llm_that, serving, until

pytestmark = pytest.mark.timeout(60)
REQUESTS = 60


async def metric(server: Server, name: str) -> float:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{server.metrics_port}/metrics") as answer,
    ):
        families = text_string_to_metric_families(await answer.text())
    [found] = [
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.labels == {"connection": "llm"}
    ]
    return found


async def test_an_llm_that_is_down_is_left_alone_and_asked_again_when_it_is_back(tmp_path: Path) -> None:
    asked, down = 0, True

    async def llm(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if down:
            return web.Response(status=503)
        return web.json_response({"model": "m", "choices": [{"message": {"content": "fine"}}]})

    async with llm_that(llm) as url:
        with serving(tmp_path, url, request_timeout_seconds=20) as server:
            await until(server, "Ready")
            assert await metric(server, "flow_llm_circuit_open") == 0
            answers = await asyncio.gather(*(ask(server) for _ in range(REQUESTS)))
            assert {status for status, _, _ in answers} == {503}
            assert asked <= REQUESTS + RESERVE + REQUESTS // PER_RETRY
            assert await metric(server, "flow_llm_circuit_open") == 1
            assert await metric(server, "flow_llm_retries_refused_total") > 0

            asked = 0
            answers = await asyncio.gather(*(ask(server) for _ in range(5)))
            told = [each for each in answers if "connection 'llm' was down" in each[1]["error"]["message"]]
            assert {status for status, _, _ in answers} == {503}
            assert (asked, len(told)) in [(0, 5), (1, 4)]  # one of them may have been a probe
            _, body, headers = told[-1]
            assert body["error"]["message"].startswith("node 'chat': the LLM of connection 'llm'")
            assert 1 <= int(headers["retry-after"]) <= 5

            down = False
            await asyncio.sleep(int(headers["retry-after"]))
            status, body, _ = await ask(server)
            assert (status, body) == (200, {"answer": "fine"})
            assert await metric(server, "flow_llm_circuit_open") == 0
            server.stop()
            errors = [record.error.code for record in server.records() if record.error]
    assert {"Unavailable", "CircuitOpen"} == set(errors)


async def test_one_client_after_the_other_gets_its_retries_from_a_flaky_llm(tmp_path: Path) -> None:
    asked = 0

    async def flaky(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked % 2:
            return web.Response(status=500)
        return web.json_response({"model": "m", "choices": [{"message": {"content": "fine"}}]})

    async with llm_that(flaky) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            for _ in range(15):
                assert (await ask(server))[0] == 200
            assert await metric(server, "flow_llm_retries_refused_total") == 0
