"""The spans of a request: how they hang together, what is in them, how they end."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import SpanKind, StatusCode

from flow_runtime import tracing
from flow_runtime.llm.call import Call, Question
from flow_runtime.llm.errors import RateLimited
from flow_runtime.llm.function import FunctionChat
from flow_runtime.tracing.content import LIMIT
from flow_runtime.tracing.span import request_spans
from tests.unit.flow_helpers import connection
from tests.unit.server_helpers import DAG, FILES, Pod
from tests.unit.test_server_stream import StreamingChat
from tests.unit.tracing_parts import Memory, traced

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
SECRETS = ("WHATISASKED", "WHATISSAID", "about", "sk-secret-value")
Make = Callable[..., Any]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    pods: list[Pod] = []

    async def start(
        llm: Any = None, dag: str = DAG, files: Any = FILES, content: bool = False
    ) -> tuple[Pod, Memory]:
        pod, memory = await traced(tmp_path, dag, files, llm or FunctionChat(lambda _: "WHATISSAID"), content)
        pods.append(pod)
        return pod, memory

    yield start
    for pod in pods:
        await pod.runtime.close()


async def test_the_llm_hangs_below_its_node_below_the_flow_below_the_request(make: Make) -> None:
    pod, memory = await make()
    answer = await pod.score({"question": "x"})
    assert answer.status == 200
    assert memory.tree == [
        "POST /score",
        "POST /score > flow",
        "POST /score > flow > chat",
        "POST /score > flow > chat > chat m",
        "POST /score > flow > fetch",
    ]
    assert memory.span("POST /score").kind is SpanKind.SERVER
    assert memory.span("chat m").kind is SpanKind.CLIENT
    assert {span.status.status_code for span in memory.spans} == {StatusCode.UNSET}


async def test_a_request_s_span_is_that_of_an_http_server(make: Make) -> None:
    pod, memory = await make()
    await pod.score({"question": "x"}, {"x-request-id": "r-1"})
    found = memory.attributes("POST /score")
    assert found["http.request.method"] == "POST"
    assert found["http.route"] == found["url.path"] == "/score"
    assert found["http.response.status_code"] == 200
    assert found["server.address"] == "10.0.0.1"
    assert found["server.port"] == 8080
    assert found["request_id"] == "r-1"


async def test_flow_and_nodes_have_promptflow_s_attributes(make: Make) -> None:
    pod, memory = await make()
    await pod.score({"question": "x"}, {"x-request-id": "r-1"})
    counts = {
        "__computed__.cumulative_token_count.prompt": 3,
        "__computed__.cumulative_token_count.completion": 1,
        "__computed__.cumulative_token_count.total": 4,
    }
    assert memory.attributes("flow") == {
        "framework": "promptflow",
        "span_type": "Flow",
        "execution_target": "dag",
        "request_id": "r-1",
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "flow",
        **counts,
    }
    node = {"framework": "promptflow", "span_type": "Function", "request_id": "r-1"}
    assert memory.attributes("fetch") == {**node, "node_name": "fetch"}
    assert memory.attributes("chat") == {**node, "node_name": "chat", **counts}


async def test_an_llm_s_span_follows_the_conventions_for_generative_ai(make: Make) -> None:
    pod, memory = await make()
    await pod.score({"question": "x"})
    found = dict(memory.attributes("chat m"))
    assert found == {
        "framework": "promptflow",
        "span_type": "LLM",
        "node_name": "chat",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.temperature": 1.0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 1,
        "server.address": "api.openai.com",
        "server.port": 443,
    }


def test_every_name_of_the_conventions_is_one_of_the_installed_package() -> None:
    known = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")}
    folder = Path(tracing.__file__).parent
    written = {
        name for path in folder.glob("*.py") for name in re.findall(r'"(gen_ai\.[a-z_.]+)"', path.read_text())
    }
    assert len(written) > 15
    assert written <= known


async def test_nothing_that_was_asked_or_said_is_in_a_span(make: Make) -> None:
    pod, memory = await make()
    await pod.score({"question": "WHATISASKED"})
    await pod.score({"question": "break"})
    await pod.stream({"question": "WHATISASKED"})
    await pod.call("POST", "/feedback", b'{"comment": "WHATISSAID"}')
    assert len(memory.spans) == 5 + 3 + 5 + 1
    assert [word for word in (*SECRETS, "secret stock") if word in memory.said] == []


async def test_what_was_asked_and_said_is_shown_to_who_wants_it(make: Make) -> None:
    pod, memory = await make(content=True)
    await pod.score({"question": "WHATISASKED"})
    llm, flow, node = (memory.attributes(name) for name in ("chat m", "flow", "fetch"))
    asked = json.loads(llm["gen_ai.input.messages"])
    assert asked == [
        {"role": "system", "parts": [{"type": "text", "content": "['about WHATISASKED']"}]},
        {"role": "user", "parts": [{"type": "text", "content": "WHATISASKED"}]},
    ]
    assert json.loads(llm["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "WHATISSAID"}],
            "finish_reason": "stop",
        }
    ]
    assert json.loads(flow["inputs"])["question"] == "WHATISASKED"
    assert json.loads(flow["output"]) == {"answer": "WHATISSAID", "docs": ["about WHATISASKED"]}
    assert json.loads(node["inputs"]) == {"question": "WHATISASKED"}
    assert json.loads(node["output"]) == ["about WHATISASKED"]
    assert "sk-secret-value" not in memory.said


async def test_a_stream_s_spans_end_with_the_stream(make: Make) -> None:
    pod, memory = await make(StreamingChat("two ", "words", pause=0.05), content=True)
    answer = await pod.stream({"question": "x"})
    assert answer.status == 200
    assert memory.tree[-2:] == ["POST /score > flow > chat > chat m", "POST /score > flow > fetch"]
    for name in ("chat m", "chat", "flow", "POST /score"):
        span = memory.span(name)
        assert (span.end_time or 0) - (span.start_time or 0) >= 0.1 * 1e9
        assert span.status.status_code is StatusCode.UNSET
    llm = memory.attributes("chat m")
    assert llm["gen_ai.request.stream"] is True
    assert llm["gen_ai.usage.output_tokens"] == 2
    assert 0.05 <= llm["gen_ai.response.time_to_first_chunk"] < 5
    assert json.loads(llm["gen_ai.output.messages"])[0]["parts"][0]["content"] == "two words"
    assert json.loads(memory.attributes("flow")["output"])["answer"] == "two words"


async def test_a_stream_that_breaks_off_fails_all_spans_above_it(make: Make) -> None:
    pod, memory = await make(StreamingChat("two ", RateLimited("WHATISSAID")))
    answer = await pod.stream({"question": "x"})
    assert answer.status == 200
    assert {name: memory.attributes(name).get("error.type") for name in ("chat m", "chat", "flow")} == {
        "chat m": "RateLimited",
        "chat": "LLMNodeError",
        "flow": "LLMNodeError",
    }
    assert memory.attributes("POST /score")["error.type"] == "LLMNodeError"
    failed = {span.name for span in memory.spans if span.status.status_code is StatusCode.ERROR}
    assert failed == {"chat m", "chat", "flow", "POST /score"}
    assert "WHATISSAID" not in memory.said


async def test_a_failure_is_told_by_its_name_and_status(make: Make) -> None:
    pod, memory = await make(FunctionChat(lambda _: 1 / 0))
    answer = await pod.score({"question": "break"})
    assert answer.status == 500
    assert memory.attributes("fetch")["error.type"] == "ToolExecutionError"
    assert memory.attributes("flow")["error.type"] == "ToolExecutionError"
    assert memory.attributes("POST /score")["error.type"] == "500"
    assert memory.span("fetch").status.description is None


async def test_a_caller_s_mistake_is_no_failure_of_the_server(make: Make) -> None:
    pod, memory = await make()
    answer = await pod.score({})
    assert answer.status == 400
    assert memory.tree == ["POST /score"]
    assert memory.span("POST /score").status.status_code is StatusCode.UNSET
    assert memory.attributes("POST /score")["http.response.status_code"] == 400


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_spans_of_a_client_that_has_gone_are_ended_as_canceled(make: Make, accept: str) -> None:
    pod, memory = await make(StreamingChat("two ", *["more "] * 100, pause=0.05))
    pod.llm._seconds = 5.0
    gone = asyncio.Event()
    asyncio.get_running_loop().call_later(0.4, gone.set)
    headers = {"accept": accept}
    await pod.call("POST", "/score", b'{"question": "x"}', headers, gone=gone)
    canceled = {s.name for s in memory.spans if (s.attributes or {}).get("error.type") == "canceled"}
    assert canceled == {"chat m", "chat", "flow", "POST /score"}


@pytest.mark.parametrize("flags", ["01", "00"])
async def test_the_caller_s_trace_goes_on_and_is_in_the_record(make: Make, flags: str) -> None:
    pod, memory = await make()
    await pod.score({"question": "x"}, {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"})
    (record,) = await pod.records()
    assert record["trace_id"] == TRACE
    if flags == "00":
        assert memory.spans == []  # whoever called decided not to sample
        return
    root = memory.span("POST /score")
    assert root.context is not None
    assert root.parent is not None
    assert f"{root.context.trace_id:032x}" == TRACE
    assert f"{root.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize("given", [None, "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
async def test_a_request_without_a_trace_begins_one_and_its_record_names_it(
    make: Make, given: str | None
) -> None:
    pod, memory = await make()
    await pod.score({"question": "x"}, {"traceparent": given} if given else {})
    (record,) = await pod.records()
    context = memory.span("POST /score").context
    assert context is not None
    assert record["trace_id"] == f"{context.trace_id:032x}"


async def test_feedback_is_promptflow_s_span_below_the_caller_s(make: Make) -> None:
    pod, memory = await make(content=True)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": "session=s%201,team=shop"}
    answer = await pod.call("POST", "/feedback", b'{"thumb": "up"}', headers)
    assert answer.json == {"status": "Feedback received."}
    span = memory.span("promptflow-feedback")
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    assert memory.attributes("promptflow-feedback") == {
        "framework": "promptflow",
        "span_type": "Feedback",
        "session": "s 1",
        "team": "shop",
        "feedback": '{"thumb": "up"}',
    }


async def test_feedback_may_be_flattened(make: Make) -> None:
    pod, memory = await make(content=True)
    await pod.call("POST", "/feedback?flatten=true", b'{"thumb": "up", "stars": 5, "tags": ["a"]}')
    found = memory.attributes("promptflow-feedback")
    assert (found["thumb"], found["stars"], found["tags"]) == ("up", 5, '["a"]')


async def test_feedback_is_bounded_however_it_is_shown(make: Make) -> None:
    pod, memory = await make(content=True)
    await pod.call("POST", "/feedback?flatten=true", json.dumps({"comment": "x" * 100_000}).encode())
    assert len(memory.attributes("promptflow-feedback")["comment"]) == LIMIT


async def test_work_that_outlives_its_request_is_silent(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    llm = FunctionChat()
    _, memory = await make(llm)
    traced = memory.tracing.llm(llm, connection)
    question = Question("llm", {"model": "late"}, "x", Call("node"), 0.0)
    with request_spans():
        llm._seconds = 0.02
        work = asyncio.create_task(traced.ask(question))
        await asyncio.sleep(0)
    await work
    assert memory.attributes("text_completion late")["error.type"] == "canceled"
    assert caplog.records == []


async def test_other_paths_leave_no_span(make: Make) -> None:
    pod, memory = await make()
    for path in ("/health", "/swagger.json", "/nowhere", "/"):
        await pod.call("GET", path)
    assert memory.spans == []


async def test_two_nodes_at_once_are_not_each_other_s_parents(make: Make) -> None:
    node = "type: llm, source: {path: chat.jinja2}, api: chat, connection: llm, "
    node += 'inputs: {question: "${inputs.question}"'
    dag = f"""
        inputs: {{question: {{type: string}}}}
        outputs: {{a: {{type: string, reference: "${{one.output}}"}}}}
        nodes:
        - {{name: one, {node}, model: m1}}}}
        - {{name: two, {node}, model: m2}}}}
    """
    pod, memory = await make(
        FunctionChat(lambda _: "a", seconds=0.02), dag, {"chat_jinja2": "user:\n{{ question }}\n"}
    )
    await pod.score({"question": "x"})
    assert memory.tree == [
        "POST /score",
        "POST /score > flow",
        "POST /score > flow > one",
        "POST /score > flow > one > chat m1",
        "POST /score > flow > two",
        "POST /score > flow > two > chat m2",
    ]
