"""POST /score: answers, whose fault a failure is, what is recorded of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.contracts.record import Record
from flow_runtime.llm import errors as llm_errors
from flow_runtime.llm.function import FunctionChat, Messages
from flow_runtime.server.recorder import Exchange, uuid7
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import DAG, FILES, Pod

Make = Callable[..., Any]
BODY_LIMIT = 5 * 1024 * 1024


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    pods: list[Pod] = []

    async def start(llm: FunctionChat | None = None, **settings: Any) -> Pod:
        pod = await Pod(tmp_path, write_flow(tmp_path / "flow", DAG, **FILES), llm, **settings).start()
        pods.append(pod)
        return pod

    yield start
    for pod in pods:
        await pod.runtime.close()


async def test_a_request_is_answered_without_what_is_for_evaluation_only(make: Make) -> None:
    answer = await (await make()).score({"question": "tents"})
    assert (answer.status, answer.json) == (200, {"answer": "tents"})
    assert answer.headers["content-type"] == "application/json"


async def test_a_record_has_the_shape_of_the_contract_and_everything_in_it(make: Make) -> None:
    pod = await make(capture_nodes=("fetch",))
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await pod.score({"question": "tents", "more": 1}, {"x-request-id": "r-1", "traceparent": traceparent})
    [line] = await pod.records()
    record = Record.model_validate(line)
    assert set(line) == set(Record.model_fields)
    assert record.inputs == {"question": "tents", "history": [], "polite": True}
    assert record.outputs == {"answer": "tents", "docs": ["about tents"]}
    assert record.nodes == {"fetch": ["about tents"]}
    assert (record.namespace, record.deployment, record.revision, record.pod) == (
        "shop",
        "bot",
        "abc123",
        "bot-1",
    )
    assert (record.request_id, record.trace_id) == ("r-1", "0af7651916cd43dd8448eb211c80319c")
    assert (record.status, record.error, record.sampled.why) == (200, None, "rate")
    assert [(call.node, call.model) for call in record.calls] == [("chat", "m")]
    assert record.tokens == record.calls[0].tokens
    assert record.tokens.prompt > 0
    assert record.latency_ms > 0
    assert record.time.tzinfo is not None


REFUSALS = {
    "no JSON": (b"{", 400, "there's more than 1 input fields, please use json request data"),
    "nothing": (b"", 400, "received non json data"),
    "a list": ([1], 400, "not a list"),
    "a JSON text": ("hello", 400, "not a list"),
    "a missing input": ({"history": []}, 400, "input 'question' (string) is missing"),
    "null where a question must be": (b"null", 400, "input 'question' (string) is missing"),
    "a wrong type": ({"question": "x", "history": 5}, 400, "input 'history' must be of type list"),
    "too deep a nest": (
        b'{"question": "x", "history": ' + b"[" * 600 + b"]" * 600 + b"}",
        400,
        "nested too deeply",
    ),
    "too much": (b'{"question": "' + b"x" * BODY_LIMIT + b'"}', 413, "5 MB"),
}


@pytest.mark.parametrize(("body", "status", "says"), REFUSALS.values(), ids=REFUSALS)
async def test_the_caller_is_told_of(body: Any, status: int, says: str, make: Make) -> None:
    answer = await (await make()).score(body)
    assert answer.status == status
    assert answer.json["error"]["code"] == "UserError"
    assert says in answer.json["error"]["message"]


async def test_a_body_over_the_limit_is_refused_without_reading_it_when_it_says_so(make: Make) -> None:
    answer = await (await make()).call("POST", "/score", headers={"content-length": str(BODY_LIMIT + 1)})
    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_a_body_over_the_limit_is_refused_when_it_comes_in_pieces(make: Make) -> None:
    answer = await (await make()).call("POST", "/score", b"x" * (BODY_LIMIT + 10), chunk=500_000)
    assert answer.status == 413


async def test_a_body_in_pieces_is_put_together(make: Make) -> None:
    answer = await (await make()).call("POST", "/score", b'{"question": "tents"}', chunk=4)
    assert answer.json == {"answer": "tents"}


async def test_a_flow_of_one_input_takes_what_is_no_json_as_that_input(tmp_path: Path) -> None:
    dag = """
        inputs: {text: {type: string}}
        outputs: {o: {reference: "${inputs.text}"}}
        nodes: []
    """
    pod = await Pod(tmp_path, write_flow(tmp_path / "flow", dag)).start()
    for body, text in ((b"tents", "tents"), (b"", ""), (b'{"text": ', '{"text": '), (b'{"text": "x"}', "x")):
        assert (await pod.score(body)).json == {"o": text}
    answer = await pod.score(b"\xff\xfe\xfd")
    assert (answer.status, answer.json["error"]["code"]) == (400, "UserError")
    await pod.runtime.close()


async def test_a_flow_without_inputs_ignores_the_body(tmp_path: Path) -> None:
    dag = "outputs: {o: {reference: fine}}\nnodes: []\n"
    pod = await Pod(tmp_path, write_flow(tmp_path / "flow", dag)).start()
    for body in (b"tents", b"", b"[1]"):
        assert (await pod.score(body)).json == {"o": "fine"}
    await pod.runtime.close()


async def test_numbers_that_only_python_reads_are_taken_as_upstream_takes_them(make: Make) -> None:
    answer = await (await make()).score(b'{"question": "x", "history": [NaN]}')
    assert answer.status == 200


async def test_the_limit_of_a_body_can_be_set(make: Make) -> None:
    pod = await make(body_limit_bytes=50)
    assert (await pod.score({"question": "x"})).status == 200
    answer = await pod.score({"question": "x" * 50})
    assert (answer.status, "over" in answer.json["error"]["message"]) == (413, True)


FAILURES = {
    llm_errors.RateLimited("slow down", retry_after=7): (503, "7"),
    llm_errors.Unavailable("down"): (503, None),
    llm_errors.Unauthorized("key"): (502, None),
    llm_errors.Refused("no such model"): (502, None),
    llm_errors.BadAnswer("no choice"): (502, None),
}


@pytest.mark.parametrize(("error", "expected"), FAILURES.items(), ids=[e.name for e in FAILURES])
async def test_an_llm_failure_names_its_node_and_is_not_the_callers(
    error: llm_errors.LLMError, expected: tuple[int, str | None], make: Make
) -> None:
    def fail(messages: Messages) -> str:
        raise error

    pod = await make(FunctionChat(fail))
    answer = await pod.score({"question": "tents"})
    assert (answer.status, answer.headers.get("retry-after")) == expected
    assert answer.json["error"] == {"code": "SystemError", "message": f"node 'chat': {error}"}
    [record] = await pod.records()
    assert record["error"] == {"code": error.name, "message": f"node 'chat': {error}", "node": "chat"}
    assert (record["status"], record["outputs"], record["sampled"]["why"]) == (expected[0], None, "error")


@pytest.mark.parametrize("error", FAILURES, ids=[e.name for e in FAILURES])
async def test_by_promptflows_codes_a_failure_of_the_llm_is_the_callers(
    error: llm_errors.LLMError, make: Make
) -> None:
    def fail(messages: Messages) -> str:
        raise error

    pod = await make(FunctionChat(fail), errors="Strict")
    answer = await pod.score({"question": "tents"})
    assert answer.status == 400
    assert answer.json["error"] == {"code": "UserError", "message": f"node 'chat': {error}"}
    [record] = await pod.records()
    assert (record["status"], record["error"]["code"]) == (400, error.name)


async def test_by_promptflows_codes_a_failing_tool_and_a_deadline_are_the_callers_too(make: Make) -> None:
    pod = await make(FunctionChat(seconds=60), errors="Strict", request_timeout_seconds=0.05)
    assert [(await pod.score({"question": text})).status for text in ("break", "tents")] == [400, 400]


async def test_a_failing_tool_is_a_500_that_names_the_node(make: Make) -> None:
    pod = await make(capture_nodes=("fetch",))
    answer = await pod.score({"question": "break"})
    assert answer.status == 500
    assert answer.json["error"]["code"] == "SystemError"
    assert "node 'fetch'" in answer.json["error"]["message"]
    [record] = await pod.records()
    assert (record["error"]["node"], record["nodes"]) == ("fetch", {})


async def test_a_flow_that_takes_too_long_is_a_504_that_names_the_node(make: Make) -> None:
    pod = await make(FunctionChat(seconds=60), request_timeout_seconds=0.5)
    answer = await pod.score({"question": "tents"})
    assert answer.status == 504
    assert "node 'chat'" in answer.json["error"]["message"]
    [record] = await pod.records()
    assert record["error"]["code"] == "DeadlineExceeded"
    assert [call["node"] for call in record["calls"]] == ["chat"]


async def test_outputs_that_are_no_json_are_said_to_be_so(tmp_path: Path) -> None:
    flow = write_flow(
        tmp_path / "flow",
        "outputs: {o: {reference: '${n.output}'}}\nnodes: [{name: n, type: python, source: {path: t.py}}]\n",
        t_py="from promptflow import tool\n@tool\ndef run():\n    return object()\n",
    )
    pod = await Pod(tmp_path, flow).start()
    answer = await pod.score({})
    assert answer.status == 500
    assert "JSON" in answer.json["error"]["message"]
    await pod.runtime.close()


async def test_more_requests_at_once_than_allowed_are_sent_away_and_not_recorded(make: Make) -> None:
    pod = await make(FunctionChat(seconds=0.05), max_concurrent_requests=2)
    answers = await asyncio.gather(*(pod.score({"question": "tents"}) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 200, 429]
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["retry-after"] == "1"
    assert len(await pod.records()) == 2


async def test_a_client_that_goes_ends_its_run_and_frees_its_place(make: Make) -> None:
    pod = await make(FunctionChat(seconds=60), max_concurrent_requests=1)
    gone = asyncio.Event()
    request = asyncio.create_task(pod.call("POST", "/score", b'{"question": "x"}', gone=gone))
    await asyncio.sleep(0.05)
    gone.set()
    await asyncio.wait_for(request, 1)
    [record] = await pod.records()
    assert (record["status"], record["error"]["code"], record["outputs"]) == (499, "ClientGone", None)
    assert b'flow_requests_total{code="499"} 1.0' in pod.runtime.metrics.exposition()
    assert b"flow_requests_in_flight 0.0" in pod.runtime.metrics.exposition()


async def test_a_client_that_goes_before_it_has_asked_leaves_no_trace(make: Make) -> None:
    pod = await make()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "server": ("::1", 8080), "headers": []}
    await pod.app(scope, receive, send)
    assert (sent, await pod.records()) == ([], [])


async def test_only_the_fields_that_the_environment_includes_are_answered(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTFLOW_RESPONSE_INCLUDED_FIELDS", '["docs"]')
    pod = await make()
    answer = await pod.score({"question": "tents"})
    assert answer.json == {"docs": ["about tents"]}
    [record] = await pod.records()
    assert record["outputs"] == {"answer": "tents", "docs": ["about tents"]}


async def test_included_fields_that_are_no_list_are_an_error_of_the_flow(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTFLOW_RESPONSE_INCLUDED_FIELDS", "answer")
    pod = await make()
    assert "PROMPTFLOW_RESPONSE_INCLUDED_FIELDS must be a JSON list" in pod.runtime.reason[1]


async def test_what_is_no_object_is_not_recorded_and_a_refused_object_is(make: Make) -> None:
    pod = await make()
    for body in (b"{", [1], {"history": 5, "question": "x"}):
        await pod.score(body)
    [record] = await pod.records()
    assert record["inputs"] == {"history": 5, "question": "x"}
    assert (record["status"], record["error"]["code"]) == (400, "InputTypeError")


async def test_inputs_are_recorded_as_they_came_even_if_a_tool_changes_them(tmp_path: Path) -> None:
    flow = write_flow(
        tmp_path / "flow",
        """
        inputs: {items: {type: list}}
        outputs: {o: {reference: "${n.output}"}}
        nodes: [{name: n, type: python, source: {path: t.py}, inputs: {items: "${inputs.items}"}}]
        """,
        t_py="from promptflow import tool\n@tool\ndef run(items):\n    items.clear()\n    return 1\n",
    )
    pod = await Pod(tmp_path, flow).start()
    await pod.score({"items": [1, 2]})
    assert [record["inputs"] for record in await pod.records()] == [{"items": [1, 2]}]


async def test_a_record_that_is_no_json_is_counted_and_the_answer_is_given(make: Make) -> None:
    pod = await make(FunctionChat(lambda messages: "fine"))
    exchange = Exchange(None, None)
    exchange.outputs = {"no": object()}
    pod.runtime.recorder.record(exchange)
    assert pod.runtime.recorder.spool.counts.dropped == {"no_json": 1}


IDS = {
    "its own": ({"x-request-id": "a-1"}, "a-1"),
    "Azure's": ({"x-ms-client-request-id": "b-2"}, "b-2"),
    "its own before Azure's": ({"x-request-id": "a-1", "x-ms-client-request-id": "b-2"}, "a-1"),
}


@pytest.mark.parametrize(("headers", "expected"), IDS.values(), ids=IDS)
async def test_a_request_keeps(headers: dict[str, str], expected: str, make: Make) -> None:
    assert (await (await make()).score({"question": "x"}, headers)).headers["x-request-id"] == expected


@pytest.mark.parametrize("given", ["", "two words", "x" * 200, "a\tb"])
async def test_an_id_that_cannot_be_echoed_is_replaced(given: str, make: Make) -> None:
    answer = await (await make()).score({"question": "x"}, {"x-request-id": given})
    assert len(answer.headers["x-request-id"]) == 36


async def test_a_failed_request_gets_its_id_too(make: Make) -> None:
    answer = await (await make()).score(b"{", {"x-request-id": "a-1"})
    assert answer.headers["x-request-id"] == "a-1"


def test_ids_of_records_are_of_version_7_and_in_the_order_of_time() -> None:
    first, second = uuid7(), uuid7()
    assert (first[14], first[19] in "89ab") == ("7", True)
    assert first[:13] <= second[:13]
    assert first != second
