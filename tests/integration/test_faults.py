"""The fault table: each way in which an LLM fails, with its code, body, metric, record and time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.fault_world import Outcome, ask, faulty
from tests.integration.processes import Server, until

pytestmark = pytest.mark.timeout(30)
DEADLINE = 2.0
LATEST = DEADLINE + 0.5  # the bound


@dataclass(frozen=True)
class Fault:
    """What a fault comes to: our status, the error's name, what was counted of the LLM, how often asked."""

    status: int
    name: str
    llm_code: str
    tries: int | None = 1
    retry_after: str | None = None


FAULTS = {
    "400": Fault(502, "Refused", "400"),
    "401": Fault(502, "Unauthorized", "401"),
    "403": Fault(502, "Unauthorized", "403"),
    "404": Fault(502, "Refused", "404"),
    "408": Fault(503, "Unavailable", "408", tries=None),
    "429": Fault(503, "RateLimited", "429", tries=None),
    "429 after 30": Fault(503, "RateLimited", "429", retry_after="30"),
    "500": Fault(503, "Unavailable", "500", tries=None),
    "503": Fault(503, "Unavailable", "503", tries=None),
    "hang": Fault(504, "DeadlineExceeded", "canceled"),
    "reset": Fault(503, "Unavailable", "error", tries=None),
    "malformed": Fault(502, "BadAnswer", "200"),
    "no choices": Fault(502, "BadAnswer", "200"),
    "babble": Fault(502, "BadAnswer", "200"),
    "filtered prompt": Fault(502, "Refused", "400"),
}
AT_ONCE = [question for question, fault in FAULTS.items() if fault.tries == 1 and question != "hang"]
STREAMED = FAULTS | {  # what begins as a stream is not asked for again, and ends before its end is said
    "reset": Fault(503, "Unavailable", "200"),
    "malformed": Fault(503, "Unavailable", "200"),
    "no choices": Fault(503, "Unavailable", "200"),
    "babble": Fault(503, "Unavailable", "200"),
}
MIDWAY = {
    "slow stream": Fault(504, "DeadlineExceeded", "200"),
    "cut stream": Fault(503, "Unavailable", "200"),
    "ended stream": Fault(503, "Unavailable", "200"),
    "broken event": Fault(502, "BadAnswer", "200"),
    "error event": Fault(503, "Unavailable", "200"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("honest")
    with faulty(folder, request_timeout_seconds=DEADLINE) as found:
        yield found


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("strict")
    with faulty(folder, request_timeout_seconds=DEADLINE, errors="Strict") as found:
        yield found


def check(outcome: Outcome, fault: Fault, server: Server) -> None:
    """What holds for each failure, streamed or not."""
    assert outcome.seconds < LATEST
    code = "UserError" if fault.status < 500 else "SystemError"
    assert outcome.error["code"] == code
    assert outcome.record.error is not None
    assert outcome.record.error.code == fault.name
    assert outcome.record.error.message == outcome.error["message"]
    assert outcome.record.sampled.why == "error"
    assert outcome.record.inputs["question"]
    assert outcome.counted["flow_requests_total", f"code={fault.status}"] == 1
    assert outcome.counted["flow_first_byte_seconds_count",] == 1
    assert outcome.counted["flow_request_duration_seconds_count",] == 1
    asked = sum(
        count
        for key, count in outcome.counted.items()
        if key[0] == "flow_llm_requests_total" and f"code={fault.llm_code}" in key
    )
    assert asked == fault.tries if fault.tries else asked > 1
    assert "sk-secret" not in outcome.text + outcome.record.model_dump_json() + server.log.read_text()


@pytest.mark.parametrize(
    ("accept", "faults"), [("application/json", FAULTS), ("text/event-stream", STREAMED)]
)
@pytest.mark.parametrize("question", FAULTS)
async def test_an_llm_that_fails_is_told_by_status_body_metric_and_record(
    question: str, accept: str, faults: dict[str, Fault], server: Server
) -> None:
    fault = faults[question]
    await until(server, "Ready")
    outcome = await ask(server, question, accept)
    assert outcome.status == fault.status
    assert outcome.headers["content-type"] == "application/json"
    assert outcome.headers.get("retry-after") == fault.retry_after
    assert "node 'chat'" in outcome.error["message"]
    assert (outcome.record.status, outcome.record.outputs) == (fault.status, None)
    assert outcome.record.error is not None
    assert outcome.record.error.node == "chat"
    assert not outcome.record.streamed
    check(outcome, fault, server)


@pytest.mark.parametrize(("question", "fault"), MIDWAY.items(), ids=MIDWAY)
async def test_a_stream_that_fails_midway_ends_with_an_error_event(
    question: str, fault: Fault, server: Server
) -> None:
    await until(server, "Ready")
    outcome = await ask(server, question, "text/event-stream")
    assert outcome.status == 200
    assert outcome.text.startswith('data: {"answer": "half "}\n\n')
    assert outcome.text.endswith(f"event: error\ndata: {json.dumps({'error': outcome.error})}\n\n")
    assert outcome.record.status == 200
    assert outcome.record.streamed
    assert outcome.record.outputs is not None
    assert str(outcome.record.outputs["answer"]).startswith("half ")
    assert outcome.record.first_byte_ms is not None
    assert outcome.record.first_byte_ms < 1000
    check(outcome, fault, server)


@pytest.mark.parametrize("question", AT_ONCE)
async def test_by_promptflows_codes_a_failing_llm_is_a_400(question: str, strict: Server) -> None:
    await until(strict, "Ready")
    outcome = await ask(strict, question)
    assert outcome.status == 400
    assert outcome.headers.get("retry-after") is None
    check(outcome, Fault(400, FAULTS[question].name, FAULTS[question].llm_code), strict)


async def test_an_answer_that_was_filtered_is_the_empty_answer_that_it_is(server: Server) -> None:
    await until(server, "Ready")
    outcome = await ask(server, "filtered answer")
    assert (outcome.status, json.loads(outcome.text)["answer"]) in [(200, None), (200, "")]
    assert outcome.record.error is None


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_after_all_failures_it_still_answers(accept: str, server: Server) -> None:
    await until(server, "Ready")
    outcome = await ask(server, "well", accept)
    assert (outcome.status, outcome.record.error) == (200, None)
    assert outcome.counted["flow_requests_total", "code=200"] == 1
