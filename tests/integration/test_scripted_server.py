"""The scripted stub over HTTP: what any OpenAI-compatible client sends and gets."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from openai import AsyncOpenAI

from flow_runtime.llm.scripted.app import make_app

DOCUMENTS = "[doc1] Furniture\n\nThe table costs 60 dollars and weighs 6.8 kg.\n"
CHAT = [{"role": "system", "content": DOCUMENTS}, {"role": "user", "content": "What does the table weigh?"}]
ANSWER = "The table costs 60 dollars and weighs 6.8 kg. [doc1]"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    runner = web.AppRunner(make_app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.timeout(20)
async def test_the_openai_client_gets_an_answer_and_usage(url: str):
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        said = await client.chat.completions.create(model="any", messages=CHAT)  # type: ignore[arg-type]
    assert said.choices[0].message.content == ANSWER
    assert said.model == "scripted-stub"
    assert said.usage is not None
    assert said.usage.total_tokens > 0


@pytest.mark.timeout(20)
async def test_the_openai_client_reads_the_stream(url: str):
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        stream = await client.chat.completions.create(
            model="any", messages=CHAT, stream=True, stream_options={"include_usage": True}
        )  # type: ignore[call-overload]
        chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER
    assert chunks[-1].usage.completion_tokens > 0


@pytest.mark.timeout(20)
async def test_the_model_is_listed_by_the_name_of_a_stub(url: str):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/models") as response:
        assert [m["id"] for m in (await response.json())["data"]] == ["scripted-stub"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("body", "named"),
    [("{", "body"), ('{"model": "x"}', "messages"), ('{"messages": [{}]}', "messages.0.role")],
)
async def test_a_request_that_cannot_be_read_is_refused_by_the_field(url: str, body: str, named: str):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/chat/completions", data=body) as response,
    ):
        assert response.status == 400
        assert json.loads(await response.text())["error"]["message"].startswith(named)
