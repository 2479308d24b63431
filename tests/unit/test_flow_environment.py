"""environment_variables: what a flow's code finds, and who wins."""

import os
from pathlib import Path

import pytest

from flow_runtime.flow.environment import set_environment
from flow_runtime.flow.errors import FlowLoadError, GetConnectionError
from flow_runtime.flow.load import load_flow
from flow_runtime.llm.connection import Connection, OpenAIConnection
from flow_runtime.llm.errors import ConnectionInvalid
from tests.unit.flow_helpers import CONNECTIONS, outputs, write_flow


def known(name: str) -> Connection:
    if name != "llm":
        raise ConnectionInvalid(f"connection '{name}' is not resolved: see /health")
    return OpenAIConnection("sk-secret", name="llm")


def test_values_are_texts_and_mappings_are_json() -> None:
    environ: dict[str, str] = {}
    set_environment({"A": 1, "B": {"c": [True]}, "D": "text"}, known, environ)
    assert environ == {"A": "1", "B": '{"c": [true]}', "D": "text"}


def test_a_variable_that_is_there_already_wins() -> None:
    environ = {"A": "from the deployment", "B": "${llm.api_key}"}
    set_environment({"A": "from the flow", "B": "x"}, known, environ)
    assert environ == {"A": "from the deployment", "B": "sk-secret"}


def test_a_key_of_a_connection_takes_the_place_of_its_reference() -> None:
    environ: dict[str, str] = {}
    set_environment({"KEY": "${llm.api_key}", "TEXT": "a ${llm.api_key}"}, known, environ)
    assert environ == {"KEY": "sk-secret", "TEXT": "a ${llm.api_key}"}
    environ = {}
    set_environment({"KEY": "${llm.api_key}"}, None, environ)
    assert environ == {"KEY": "${llm.api_key}"}


@pytest.mark.parametrize(
    ("wanted", "name", "says"),
    [
        ({"A": "${gone.api_key}"}, "GetConnectionError", "environment_variables.A: connection 'gone'"),
        ({"A": "${llm.color}"}, "GetConnectionError", "has no key 'color'"),
        ({"": "x"}, "FlowDefinitionError", "cannot be the name"),
        ({"A=B": "x"}, "FlowDefinitionError", "cannot be the name"),
        ({"A": "a\0b"}, "FlowDefinitionError", "null character"),
    ],
)
def test_a_variable_is_refused_for(wanted: dict[str, str], name: str, says: str) -> None:
    with pytest.raises(FlowLoadError, match=says) as refused:
        set_environment(wanted, known, {})
    assert refused.value.name == name
    assert "sk-secret" not in str(refused.value)


async def test_a_flows_code_finds_its_variables_when_it_is_imported(tmp_path: Path) -> None:
    dag = """
        outputs: {o: {reference: "${n.output}"}}
        environment_variables: {FLOW_TEST_KEY: "${llm.api_key}"}
        nodes: [{name: n, type: python, source: {path: t.py}}]
    """
    code = (
        "import os\nfrom promptflow.core import tool\nKEY = os.environ['FLOW_TEST_KEY']\n"
        "@tool\ndef run():\n    return KEY\n"
    )
    folder = write_flow(tmp_path, dag, t_py=code)
    try:
        flow = load_flow(folder, CONNECTIONS, connection=known)
        assert await outputs(flow, {}) == {"o": "sk-secret"}
        os.environ["FLOW_TEST_KEY"] = "${gone.api_key}"
        with pytest.raises(GetConnectionError):
            load_flow(folder, CONNECTIONS, connection=known)
    finally:
        os.environ.pop("FLOW_TEST_KEY", None)
