"""POST /score as a stream of events: what is on the wire, what is recorded, what a failure looks like."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_runtime.llm import errors as llm_errors
from flow_runtime.llm.call import Question
from flow_runtime.llm.function import FunctionChat
from flow_runtime.server import sse
from flow_runtime.server.accept import Form, choose, not_acceptable
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import DAG, FILES, Answer, Pod

FEW = settings(max_examples=40, deadline=None)
"""What a unit test has time for on a busy machine."""
CHUNKS = ["", "two ", "ténts\n\n", "data: 5", ""]
Make = Callable[..., Any]


class StreamingChat(FunctionChat):
    """Streams chunks, each after a pause; an exception among them is raised."""

    def __init__(self, *chunks: str | Exception, pause: float = 0.0) -> None:
        super().__init__(lambda messages: "".join(c for c in chunks if isinstance(c, str)))
        self.chunks = chunks
        self.pause = pause
        self.closed = 0

    async def stream(self, question: Question) -> AsyncIterator[str]:
        call = question.call
        self.asked.append(question.prompt)
        call.model = "m"
        try:
            for chunk in self.chunks:
                await asyncio.sleep(self.pause)
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
            call.attempts.append("200")
            call.completion_tokens = len(self.chunks)
        finally:
            self.closed += 1


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    pods: list[Pod] = []

    async def start(llm: FunctionChat, dag: str = DAG, **settings: Any) -> Pod:
        pod = await Pod(tmp_path, write_flow(tmp_path / "flow", dag, **FILES), llm, **settings).start()
        pods.append(pod)
        return pod

    yield start
    for pod in pods:
        await pod.runtime.close()


def events(answer: Answer) -> list[tuple[str, Any]]:
    """Part a stream as the standard says: (event, data)."""
    assert answer.body.endswith(b"\n\n")
    found = []
    for block in answer.body.decode("ascii").removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        assert set(fields) <= {"event", "data"}
        found.append((fields.get("event", "message"), json.loads(fields["data"])))
    return found


async def test_a_stream_is_on_the_wire_as_upstream_writes_it(make: Make) -> None:
    answer = await (await make(StreamingChat(*CHUNKS))).stream({"question": "x"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in answer.headers
    assert answer.headers["x-request-id"]
    assert answer.body == (
        b'data: {"answer": ""}\n\ndata: {"answer": "two "}\n\ndata: {"answer": "t\\u00e9nts\\n\\n"}\n\n'
        b'data: {"answer": "data: 5"}\n\ndata: {"answer": ""}\n\n'
    )


async def test_the_fields_that_do_not_stream_come_first_in_one_event(make: Make) -> None:
    dag = DAG.replace(", evaluation_only: true", "")
    answer = await (await make(StreamingChat("a", "b"), dag)).stream({"question": "x"})
    assert events(answer) == [
        ("message", {"docs": ["about x"]}),
        ("message", {"answer": "a"}),
        ("message", {"answer": "b"}),
    ]


async def test_a_stream_of_no_chunks_is_an_answer(make: Make) -> None:
    answer = await (await make(StreamingChat())).stream({"question": "x"})
    assert (answer.status, answer.body) == (200, b"")


async def test_a_stream_is_recorded_as_one_text(make: Make) -> None:
    pod = await make(StreamingChat(*CHUNKS, pause=0.01))
    await pod.stream({"question": "x"})
    [record] = await pod.records()
    assert record["outputs"] == {"answer": "".join(CHUNKS), "docs": ["about x"]}
    assert (record["streamed"], record["status"], record["error"]) == (True, 200, None)
    assert 0 < record["first_byte_ms"] < record["latency_ms"]
    assert record["tokens"]["completion"] == len(CHUNKS)


async def test_an_answer_that_does_not_stream_is_recorded_as_such(make: Make) -> None:
    pod = await make(StreamingChat("a"))
    await pod.score({"question": "x"})
    [record] = await pod.records()
    assert (record["streamed"], record["first_byte_ms"]) == (False, record["latency_ms"])


async def test_a_model_that_fails_before_its_first_chunk_gets_its_own_status(make: Make) -> None:
    pod = await make(StreamingChat(llm_errors.RateLimited("slow down", retry_after=7)))
    answer = await pod.stream({"question": "x"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert answer.json["error"]["message"] == "node 'chat': slow down"
    [record] = await pod.records()
    assert (record["status"], record["streamed"], record["outputs"]) == (503, False, None)


async def test_a_stream_that_fails_midway_says_so_in_its_last_event(make: Make) -> None:
    pod = await make(StreamingChat("half ", llm_errors.Unavailable("gone")))
    answer = await pod.stream({"question": "x"})
    assert answer.status == 200
    assert events(answer) == [
        ("message", {"answer": "half "}),
        ("error", {"error": {"code": "SystemError", "message": "node 'chat': gone"}}),
    ]
    [record] = await pod.records()
    assert (record["status"], record["streamed"]) == (200, True)
    assert record["error"] == {"code": "Unavailable", "message": "node 'chat': gone", "node": "chat"}
    assert record["outputs"] == {"answer": "half ", "docs": ["about x"]}
    assert b'flow_requests_total{code="503"} 1.0' in pod.runtime.metrics.exposition()


async def test_a_stream_that_takes_too_long_ends_at_the_deadline(make: Make) -> None:
    pod = await make(StreamingChat(*["x"] * 50, pause=0.05), request_timeout_seconds=0.8)
    answer = await pod.stream({"question": "x"})
    kind, body = events(answer)[-1]
    assert (kind, "were over" in body["error"]["message"]) == ("error", True)
    [record] = await pod.records()
    assert record["error"]["code"] == "DeadlineExceeded"
    assert pod.llm.closed == 1


async def test_a_client_that_goes_ends_its_stream(make: Make) -> None:
    pod = await make(StreamingChat(*["x"] * 50, pause=0.1))
    gone = asyncio.Event()
    headers = {"accept": "text/event-stream"}
    request = asyncio.create_task(pod.call("POST", "/score", b'{"question": "x"}', headers, gone=gone))
    await asyncio.sleep(0.4)
    gone.set()
    await asyncio.wait_for(request, 1)
    assert pod.llm.closed == 1
    [record] = await pod.records()
    assert (record["error"]["code"], record["streamed"]) == ("ClientGone", True)
    assert set(record["outputs"]["answer"]) == {"x"}


async def test_two_outputs_that_would_stream_are_refused_before_anything_is_spent(make: Make) -> None:
    dag = DAG.replace(
        "nodes:",
        """  more: {type: string, reference: "${second.output}"}
    nodes:
    - {name: second, type: llm, source: {path: chat.jinja2}, api: chat, connection: llm,
       inputs: {model: m, docs: x, question: "${inputs.question}"}}""",
    )
    pod = await make(StreamingChat("a"), dag)
    answer = await pod.stream({"question": "x"})
    assert (answer.status, len(pod.llm.asked)) == (400, 0)
    assert answer.json["error"]["message"] == "Multiple stream output fields not supported."
    assert (await pod.score({"question": "x"})).json == {"answer": "a", "more": "a"}


async def test_a_stream_counts_its_first_byte_apart(make: Make) -> None:
    pod = await make(StreamingChat("a", "b", pause=0.06))
    await pod.stream({"question": "x"})
    registry = pod.runtime.metrics.registry
    first = registry.get_sample_value("flow_first_byte_seconds_sum") or 0
    last = registry.get_sample_value("flow_request_duration_seconds_sum") or 0
    assert 0 < first <= last - 0.06  # the pause before the second chunk, however slow the machine is
    assert registry.get_sample_value("flow_first_byte_seconds_count") == 1


CONDITIONAL = DAG.replace(
    "inputs: {model: m,", "activate: {when: '${inputs.polite}', is: true}, inputs: {model: m,"
)


async def test_what_turns_out_not_to_stream_is_json_for_a_caller_that_takes_it(make: Make) -> None:
    pod = await make(StreamingChat("a"), CONDITIONAL)
    both = {"accept": "text/event-stream, application/json"}
    answer = await pod.score({"question": "x", "polite": False}, both)
    assert (answer.headers["content-type"], answer.json) == ("application/json", {"answer": None})
    answer = await pod.score({"question": "x"}, both)
    assert events(answer) == [("message", {"answer": "a"})]


async def test_what_turns_out_not_to_stream_is_one_event_for_a_caller_that_takes_events_alone(
    make: Make,
) -> None:
    answer = await (await make(StreamingChat("a"), CONDITIONAL)).stream({"question": "x", "polite": False})
    assert events(answer) == [("message", {"answer": None})]


ACCEPTS: dict[str | None, tuple[Form | None, Form | None]] = {
    None: (Form.JSON, Form.JSON),
    "": (Form.JSON, Form.JSON),
    "*/*": (Form.JSON, Form.JSON),
    "application/*": (Form.JSON, Form.JSON),
    "application/json; charset=utf-8": (Form.JSON, Form.JSON),
    "APPLICATION/JSON": (Form.JSON, Form.JSON),
    "text/html,application/xhtml+xml,*/*;q=0.8": (Form.JSON, Form.JSON),
    "text/event-stream": (Form.STREAM, None),
    "application/json, text/event-stream;q=0.1": (Form.EITHER, Form.JSON),
    "text/*": (None, None),
    "text/html": (None, None),
}


@pytest.mark.parametrize(("accept", "forms"), ACCEPTS.items(), ids=map(str, ACCEPTS))
def test_the_form_of_an_answer_follows_the_accept_header(
    accept: str | None, forms: tuple[Form | None, Form | None]
) -> None:
    given = accept.encode() if accept is not None else None
    assert (choose(given, streams=True), choose(given, streams=False)) == forms


async def test_what_cannot_be_accepted_is_refused_in_upstreams_words_before_the_flow_runs(make: Make) -> None:
    pod = await make(StreamingChat("a"))
    answer = await pod.score({"question": "x"}, {"accept": "text/html"})
    assert (answer.status, len(pod.llm.asked), await pod.records()) == (406, 0, [])
    assert answer.json["error"] == {
        "code": "UserError",
        "message": "Media type text/html in Accept header is not acceptable. "
        "Supported media type(s) - text/event-stream, application/json",
    }


def test_a_flow_that_does_not_stream_offers_json_alone() -> None:
    assert not_acceptable(b"text/event-stream", streams=False).endswith("- application/json")


@FEW
@given(accept=st.binary(max_size=300), streams=st.booleans())
def test_no_accept_header_breaks_the_choice(accept: bytes, streams: bool) -> None:
    if choose(accept, streams) is None:
        assert not_acceptable(accept, streams).isprintable()


JSONABLE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def lines_of(frame: bytes) -> Iterator[str]:
    """Part a frame as clients do, at every line end that the standard knows."""
    text = frame.decode("utf-8")
    assert text.endswith("\n\n")
    yield from text.removesuffix("\n\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@FEW
@given(name=st.text(max_size=30), chunk=st.text(alphabet=st.characters()))
def test_any_text_is_one_event_that_reads_back_the_same(name: str, chunk: str) -> None:
    [line] = lines_of(sse.chunks_of(name)(chunk))
    assert json.loads(line.removeprefix("data: ")) == {name: chunk}


@FEW
@given(name=st.text(max_size=30), chunk=JSONABLE)
def test_any_value_is_one_event_or_a_named_error(name: str, chunk: Any) -> None:
    try:
        frame = sse.chunks_of(name)(chunk)
    except TypeError:
        return  # half a surrogate inside of a value
    [line] = lines_of(frame)
    assert list(json.loads(line.removeprefix("data: "), parse_constant=pytest.fail)) == [name]


@FEW
@given(fields=st.dictionaries(st.text(), JSONABLE, max_size=5), message=st.text())
def test_fields_and_errors_are_one_frame_each(fields: dict[str, Any], message: str) -> None:
    try:
        [line] = lines_of(sse.event(fields))
        assert line.startswith("data: {")
        event, data = lines_of(sse.error_event({"error": {"code": "SystemError", "message": message}}))
    except TypeError:
        return
    assert (event, json.loads(data[6:])["error"]["message"]) == ("event: error", message)
