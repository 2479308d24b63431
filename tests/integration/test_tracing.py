"""A server process that sends its spans to a receiver of OTLP over HTTP, and one that sends none."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.integration.otlp_receiver import attributes, otlp_receiver
from tests.integration.processes import Server, ask, llm_that, serving, until

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
TREE = [
    "POST /score",
    "POST /score > flow",
    "POST /score > flow > chat",
    "POST /score > flow > chat > chat m",
]


async def answering(request: web.Request) -> web.StreamResponse:
    """Answer WHATISSAID, whole or as a stream with its usage at the end, slowly where that is asked for."""
    usage = {"prompt_tokens": 7, "completion_tokens": 2}
    asked = await request.json()
    if not asked.get("stream"):
        message = {"role": "assistant", "content": "WHATISSAID"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"id": "c-1", "model": "m-2026", "choices": [choice], "usage": usage})
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    slow = "slowly" in str(asked["messages"])
    for part in ("WHATIS", "SAID"):
        event = {"model": "m-2026", "choices": [{"index": 0, "delta": {"content": part}}]}
        await response.write(f"data: {json.dumps(event)}\n\n".encode())
        await asyncio.sleep(2 if slow else 0.1)
    last = {"model": "m-2026", "choices": [], "usage": usage}
    await response.write(f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n".encode())
    return response


@contextmanager
def traced(monkeypatch: pytest.MonkeyPatch, folder: Path, llm: str, **environ: str) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, value in (QUICK | environ).items():
        monkeypatch.setenv(name, value)
    with serving(folder, llm) as server:
        yield server


async def asked(server: Server, question: str = "WHATISASKED", **headers: str) -> int:
    """Ask, and read the answer, whole or as a stream."""
    url, given = f"{server.url}/score", {"question": question}
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=given) as answer:
        await answer.read()
        return answer.status


async def test_spans_of_a_request_arrive_as_one_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        with traced(monkeypatch, tmp_path, llm, **{ENDPOINT: receiver.url}) as server:
            await until(server, "Ready")
            assert await asked(server) == 200
            await receiver.until(4)
            server.stop()
        assert receiver.tree == TREE
        assert receiver.resource["service.name"] == "bot"
        assert receiver.resource["k8s.namespace.name"] == "shop"
        found = attributes(receiver.span("chat m").attributes)
        assert found["gen_ai.provider.name"] == "openai"
        assert found["gen_ai.request.model"] == "m"
        assert found["gen_ai.response.model"] == "m-2026"
        assert found["gen_ai.response.id"] == "c-1"
        assert (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]) == (7, 2)
        assert found["server.address"] == "127.0.0.1"
        (record,) = server.records()
        assert record.trace_id == receiver.span("POST /score").trace_id.hex()
        assert not any(word in body for body in receiver.requests for word in (b"WHATIS", b"sk-secret"))


async def test_a_stream_s_span_ends_with_it_and_has_its_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        with traced(monkeypatch, tmp_path, llm, **{ENDPOINT: receiver.url, **content}) as server:
            await until(server, "Ready")
            assert await asked(server, accept="text/event-stream") == 200
            await receiver.until(4)
        assert receiver.tree == TREE
        span = receiver.span("chat m")
        found = attributes(span.attributes)
        assert span.end_time_unix_nano - span.start_time_unix_nano >= 0.2 * 1e9
        assert found["gen_ai.usage.output_tokens"] == 2
        assert json.loads(found["gen_ai.output.messages"])[0]["parts"][0]["content"] == "WHATISSAID"
        assert "WHATISASKED" in found["gen_ai.input.messages"]
        assert "WHATISASKED" in attributes(receiver.span("flow").attributes)["inputs"]
        assert not any(b"sk-secret" in body for body in receiver.requests)


async def test_the_sdk_s_own_variables_are_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        own = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/v1/traces",
            "OTEL_SERVICE_NAME": "mine",
            "OTEL_RESOURCE_ATTRIBUTES": "team=shop",
            "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        }
        with traced(monkeypatch, tmp_path, llm, **own) as server:
            await until(server, "Ready")
            await asked(server)
            parent = f"00-{'a' * 32}-{'b' * 16}-01"
            await asked(server, traceparent=parent)
            await receiver.until(4)
            server.stop()
        assert receiver.tree == TREE
        assert {span.trace_id.hex() for span in receiver.spans} == {"a" * 32}
        assert (receiver.resource["service.name"], receiver.resource["team"]) == ("mine", "shop")
        assert [len(record.trace_id or "") for record in server.records()] == [32, 32]


async def test_what_is_not_sent_yet_is_sent_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        with traced(monkeypatch, tmp_path, llm, **{ENDPOINT: receiver.url, **late}) as server:
            await until(server, "Ready")
            await asked(server)
            assert receiver.spans == []
            await asyncio.to_thread(server.stop)
        assert receiver.tree == TREE


@pytest.mark.parametrize("state", ["gone", "broken"])
async def test_a_collector_that_does_not_work_delays_neither_answers_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        receiver.status = 503
        url = receiver.url if state == "broken" else "http://127.0.0.1:9"
        with traced(monkeypatch, tmp_path, llm, **{ENDPOINT: url}) as server:
            await until(server, "Ready")
            statuses = [(await ask(server))[0] for _ in range(20)]
            assert statuses == [200] * 20
            assert await asyncio.to_thread(server.stop) == 0
        for line in server.log.read_text().splitlines():
            assert json.loads(line)["level"] in ("warning", "error")


async def test_nothing_is_on_the_wire_where_no_endpoint_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with otlp_receiver() as receiver, llm_that(answering) as llm:
        off = {ENDPOINT: receiver.url, "OTEL_SDK_DISABLED": "true"}
        with traced(monkeypatch, tmp_path, llm, **off) as server:
            await until(server, "Ready")
            await asked(server)
            server.stop()
        assert receiver.requests == []


def test_a_process_that_does_not_trace_never_imports_opentelemetry(tmp_path: Path) -> None:
    code = "import sys, flow_runtime.server.main, flow_runtime.cli.serve; print(*sys.modules)"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert [name for name in run.stdout.split() if name.partition(".")[0] == "opentelemetry"] == []


async def test_an_endpoint_without_the_extra_is_said_once_and_serving_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.exporter'] = None\n")
    async with llm_that(answering) as llm:
        path = {"PYTHONPATH": str(site), ENDPOINT: "http://127.0.0.1:4318"}
        with traced(monkeypatch, tmp_path, llm, **path) as server:
            await until(server, "Ready")
            assert (await ask(server))[0] == 200
        (line,) = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert "OTEL_EXPORTER_OTLP_ENDPOINT is set" in line["message"]
        assert "pip install 'flow-operator[otel]'" in line["message"]
