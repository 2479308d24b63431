"""What a server process exposes after traffic of every sort: what docs/metrics.md says, counted once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.processes import Server, ask, get_json, llm_that, serving, until
from tests.integration.test_tracing import answering, asked
from tests.unit.metrics_table import documented, exposed

Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with llm_that(answering) as llm:
        with serving(tmp_path, llm, request_timeout_seconds=5) as server:
            await until(server, "Ready")
            yield server


async def scrape(server: Server, accept: str = "text/plain") -> str:
    url = f"http://127.0.0.1:{server.metrics_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url, headers={"accept": accept}) as answer:
        return await answer.text()


async def samples(server: Server) -> Samples:
    return {
        (sample.name, *sorted(f"{name}={value}" for name, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(await scrape(server))
        for sample in family.samples
    }


async def go_away(server: Server) -> None:
    """Ask for a stream and leave in its midst."""
    url, accept = f"{server.url}/score", {"accept": "text/event-stream"}
    given = {"question": "slowly"}
    async with aiohttp.ClientSession(headers=accept) as http, http.post(url, json=given) as answer:
        await answer.content.readany()
        answer.close()


async def test_a_server_exposes_what_the_page_says_and_nothing_else(server: Server) -> None:
    await ask(server)
    known = documented("Server") | documented("Collector") | documented("Process")
    assert exposed(await scrape(server)) == known
    families = list(
        openmetrics.text_string_to_metric_families(await scrape(server, "application/openmetrics-text"))
    )
    assert {"flow_requests", "flow_tokens", "flow_spool_bytes"} <= {family.name for family in families}
    bounds = [
        sample.labels["le"] for family in families for sample in family.samples if "le" in sample.labels
    ]
    assert "120.0" in bounds


async def test_tokens_and_times_of_streams_are_counted(server: Server) -> None:
    assert await asked(server, accept="text/event-stream") == 200
    found = await samples(server)
    assert found["flow_tokens_total", "model=m-2026", "node=chat", "type=prompt"] == 7
    assert found["flow_tokens_total", "model=m-2026", "node=chat", "type=completion"] == 2
    total, first = found["flow_request_duration_seconds_sum",], found["flow_first_byte_seconds_sum",]
    assert total - first >= 0.2  # the LLM pauses twice for 0.1 s after its first piece
    assert found["flow_llm_duration_seconds_sum", "model=m-2026", "node=chat"] >= 0.2
    assert found["flow_node_duration_seconds_sum", "node=chat", "status=completed"] >= 0.2


async def test_each_request_counts_once_whatever_becomes_of_it(server: Server) -> None:
    await ask(server)
    assert (await ask(server, {}))[0] == 400
    assert await asked(server, accept="text/html") == 406
    await go_away(server)
    for _ in range(100):
        if ("flow_requests_total", "code=499") in (found := await samples(server)):
            break
        await asyncio.sleep(0.05)
    counts = {key[1]: value for key, value in found.items() if key[0] == "flow_requests_total"}
    assert counts == {"code=200": 1, "code=400": 1, "code=406": 1, "code=499": 1}
    assert found["flow_request_duration_seconds_count",] == found["flow_first_byte_seconds_count",] == 4
    assert found["flow_node_duration_seconds_count", "node=chat", "status=canceled"] == 1
    assert found["flow_requests_in_flight",] == 0
    assert (await get_json(server.metrics_port, "/state"))["ready"]
