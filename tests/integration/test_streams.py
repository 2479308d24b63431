"""Many streams at once through the server as a process, and what becomes of them when it must end."""

import asyncio
import json
import signal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.integration.processes import Server, llm_that, serving, until

pytestmark = pytest.mark.timeout(60)
STREAMS = 200
PIECES = 20


async def stream(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)
    for number in range(PIECES):
        piece = {"model": "m", "choices": [{"delta": {"content": f"{number} "}}]}
        await answer.write(f"data: {json.dumps(piece)}\n\n".encode())
        await asyncio.sleep(0.05)
    usage = {"model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": PIECES}}
    await answer.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())
    return answer


async def read(http: aiohttp.ClientSession, server: Server, begun: asyncio.Semaphore) -> str:
    """Ask for a stream, say that it has begun, and give its text."""
    text = ""
    headers = {"accept": "text/event-stream"}
    async with http.post(f"{server.url}/score", json={"question": "x"}, headers=headers) as answer:
        assert answer.status == 200
        async for line in answer.content:
            if not text:
                begun.release()
            if line.strip():
                text += json.loads(line.removeprefix(b"data: "))["answer"]
    return text


async def test_many_streams_at_once_are_whole_even_if_the_server_must_end_meanwhile(tmp_path: Path) -> None:
    async with llm_that(stream) as url:
        with serving(tmp_path, url, max_concurrent_requests=STREAMS) as server:
            await until(server, "Ready")
            begun = asyncio.Semaphore(0)
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                streams = [asyncio.create_task(read(http, server, begun)) for _ in range(STREAMS)]
                for _ in range(STREAMS):
                    await begun.acquire()
                server.process.send_signal(signal.SIGTERM)
                texts = await asyncio.gather(*streams)
            assert await asyncio.to_thread(server.process.wait, 15) == 0
    whole = "".join(f"{number} " for number in range(PIECES))
    assert set(texts) == {whole}
    records = server.records()
    assert len(records) == STREAMS
    assert {(record.streamed, record.status, record.tokens.completion) for record in records} == {
        (True, 200, PIECES)
    }
    assert {str((record.outputs or {})["answer"]) for record in records} == {whole}


async def test_a_client_that_leaves_a_stream_ends_the_llms_work(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n')
                await asyncio.sleep(0.05)
        finally:
            ended.set()

    async with llm_that(endless) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            async with aiohttp.ClientSession(headers={"accept": "text/event-stream"}) as http:
                answer = await http.post(f"{server.url}/score", json={"question": "x"})
                await answer.content.readline()
                answer.close()
            await asyncio.wait_for(ended.wait(), 5)
            server.stop()
            [record] = server.records()
    assert record.error is not None
    assert record.error.code == "ClientGone"


async def test_a_client_that_does_not_wait_for_json_ends_the_llms_work_too(tmp_path: Path) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        asked.set()
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        left.set()
        raise AssertionError

    async with llm_that(hang) as url:
        with serving(tmp_path, url) as server:
            await until(server, "Ready")
            async with aiohttp.ClientSession() as http:
                request = asyncio.create_task(http.post(f"{server.url}/score", json={"question": "x"}))
                await asked.wait()
                request.cancel()
            await asyncio.wait([request])
            await asyncio.wait_for(left.wait(), 5)
            server.stop()
            [record] = server.records()
    assert (record.status, record.outputs) == (499, None)
