"""The same sample is drawn whatever pod answers, and however often a client retries."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from flow_runtime.server.recorder import drawn
from tests.integration.processes import Server, scripted_llm, serving, until

pytestmark = pytest.mark.timeout(120)

PERCENT, REQUESTS = 10, 150


async def test_three_servers_keep_the_same_tenth_of_requests_with_inputs_and_outputs_together(
    tmp_path: Path,
) -> None:
    ids = [f"order-{number}" for number in range(REQUESTS)]
    with ExitStack() as running:
        llm = running.enter_context(scripted_llm())
        servers = []
        for name in ("a", "b", "c"):
            (tmp_path / name).mkdir()
            servers.append(running.enter_context(serving(tmp_path / name, llm, percent=PERCENT)))
        await asyncio.gather(*(until(server, "Ready") for server in servers))
        # Each client asks one server, and tries again at the two others, and at the first.
        await asyncio.gather(*(send(server, ids) for server in (*servers, servers[0])))
        assert [server.stop() for server in servers] == [0, 0, 0]
        kept = [server.records() for server in servers]
    wanted = {each for each in ids if drawn(each.encode(), PERCENT)}
    assert 5 <= len(wanted) <= 30
    assert [{record.request_id for record in records} for records in kept] == [wanted] * 3
    assert [len(records) for records in kept] == [2 * len(wanted), len(wanted), len(wanted)]
    for record in (each for records in kept for each in records):
        assert record.inputs == {"question": f"What of {record.request_id}?"}
        assert record.outputs is not None
        assert record.outputs["answer"]
        assert (record.sampled.percent, record.sampled.why) == (PERCENT, "rate")


async def send(server: Server, ids: list[str]) -> None:
    turn = asyncio.Semaphore(8)

    async def ask(http: aiohttp.ClientSession, name: str) -> None:
        headers, body = {"x-request-id": name}, {"question": f"What of {name}?"}
        async with turn, http.post(f"{server.url}/score", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(ask(http, each) for each in ids))
