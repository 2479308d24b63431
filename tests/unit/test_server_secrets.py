"""A pod whose Secrets come late, change or break: what it serves with, and what it says."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow_runtime.contracts.state import PodState
from tests.unit.flow_helpers import CHAT, write_flow
from tests.unit.server_helpers import METRICS_PORT, Pod

DAG = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${chat.output}"}, key: {reference: "${key.output}"}}
    environment_variables: {FLOW_TEST_ROTATED: "${llm.api_key}"}
    nodes:
    - {name: chat, type: llm, source: {path: chat.jinja2}, api: chat, connection: llm,
       inputs: {model: m, question: "${inputs.question}"}}
    - {name: key, type: python, source: {path: key.py}}
"""
KEY = """
    import os
    from promptflow.core import tool

    @tool
    def key():
        return os.environ["FLOW_TEST_ROTATED"]
"""


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    yield
    os.environ.pop("FLOW_TEST_ROTATED", None)


def made(folder: Path) -> Pod:
    return Pod(folder, write_flow(folder / "flow", DAG, chat_jinja2=CHAT, key_py=KEY))


async def state(pod: Pod) -> PodState:
    return PodState.model_validate_json((await pod.call("GET", "/state", port=METRICS_PORT)).body)


async def metrics(pod: Pod) -> str:
    return (await pod.call("GET", "/metrics", port=METRICS_PORT)).body.decode()


async def test_a_broken_secret_is_said_while_answers_go_on_and_a_new_one_reaches_the_environment(
    tmp_path: Path,
) -> None:
    pod = await made(tmp_path).start()
    assert (await pod.score({"question": "x"})).json["key"] == "sk-secret-value"
    (pod.secret / "api_key").write_text("")
    pod.runtime.refresh()
    found = await state(pod)
    assert (found.ready, found.reason) == (True, "Ready")
    assert "connection 'llm'" in found.message
    assert "the former value stays in use" in found.message
    assert 'flow_connection_healthy{connection="llm"} 0.0' in await metrics(pod)
    assert (await pod.score({"question": "x"})).json["key"] == "sk-secret-value"
    assert (await pod.call("GET", "/health")).status == 200
    (pod.secret / "api_key").write_text("sk-second")
    pod.runtime.refresh()
    assert (await state(pod)).message == ""
    assert 'flow_connection_healthy{connection="llm"} 1.0' in await metrics(pod)
    assert (await pod.score({"question": "x"})).json["key"] == "sk-second"
    await pod.runtime.close()


async def test_a_flow_whose_variables_want_a_secret_that_comes_late_is_loaded_when_it_comes(
    tmp_path: Path,
) -> None:
    pod = made(tmp_path)
    (pod.secret / "api_key").unlink()
    await pod.start()
    found = await state(pod)
    assert (found.ready, found.reason) == (False, "ConnectionInvalid")
    assert "its Secret is missing or empty" in found.message
    (pod.secret / "api_key").write_text("sk-late")
    await pod.runtime.tick()
    assert (await state(pod)).ready
    assert (await pod.score({"question": "x"})).json["key"] == "sk-late"
    await pod.runtime.close()


async def test_a_connection_of_the_environment_that_the_flow_names_and_that_is_broken_is_said(
    tmp_path: Path,
) -> None:
    flow = write_flow(
        tmp_path / "flow", DAG.replace("connection: llm", "connection: other"), chat_jinja2=CHAT
    )
    (flow / "key.py").write_text("from promptflow.core import tool\n@tool\ndef key():\n    return 1\n")
    pod = Pod(tmp_path, flow, environ={"other": '{"type": "Serverless", "value": {"api_key": "sk-x"}}'})
    await pod.start()
    found = await state(pod)
    assert (found.ready, found.reason) == (False, "FlowInvalid")
    assert found.message.startswith("GetConnectionError: node 'chat': connection 'other'")
    assert "needs api_base" in found.message
    assert "sk-x" not in found.message
    await pod.runtime.close()
