"""flowop as people and scripts call it: what is on which stream, what it exits with."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flow_runtime.cli.build import own_pip
from tests.integration.processes import free_port, scripted_llm, wait_for_port
from tests.unit.flow_helpers import write_flow

pytestmark = pytest.mark.timeout(60)

DAG = """
    inputs:
      question: {type: string, is_chat_input: true}
      chat_history: {type: list, is_chat_history: true}
    outputs:
      answer: {type: string, reference: "${chat.output}", is_chat_output: true}
      size: {type: int, reference: "${size.output}", evaluation_only: true}
    nodes:
    - {name: chat, type: llm, source: {type: code, path: chat.jinja2}, api: chat, connection: my_llm,
       inputs: {model: m, question: "${inputs.question}"}}
    - {name: size, type: python, source: {type: code, path: size.py}, inputs: {text: "${chat.output}"}}
"""
SIZE = """
    from promptflow.core import tool

    print("being imported")

    @tool
    def size(text: str) -> int:
        print("being run")
        return len(text)
"""
CONNECTION = "$schema: x\nname: my_llm\ntype: open_ai\napi_key: ${env:MY_LLM_KEY}\nbase_url: URL\n"


def flowop(
    *arguments: object, folder: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flow_runtime.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "MY_LLM_KEY": "sk-secret-value", **environ},
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def llm() -> Iterator[str]:
    with scripted_llm() as url:
        yield url


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    return write_flow(
        tmp_path / "bot", DAG, size_py=SIZE, chat_jinja2="system:\nBe kind.\nuser:\n{{ question }}\n"
    )


@pytest.fixture
def connections(tmp_path: Path, llm: str) -> Path:
    file = tmp_path / "connections.yaml"
    file.write_text(CONNECTION.replace("URL", llm))
    return file


def test_a_flow_that_is_fine_is_said_to_be_so(flow: Path) -> None:
    done = flowop("validate", flow)
    assert (done.returncode, done.stdout) == (0, "")
    assert "✓ bot: dag, 2 inputs, 2 outputs" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_script_gets_the_result_of_a_validation_as_json(flow: Path) -> None:
    done = flowop("validate", flow, "--json")
    found = json.loads(done.stdout)
    assert (found["valid"], found["flow"], found["errors"]) == (True, "bot", [])
    assert found["inputs"] == {"question": "string", "chat_history": "list"}


def test_a_broken_flow_is_refused_by_name_file_and_line(flow: Path) -> None:
    definition = flow / "flow.dag.yaml"
    definition.write_text(definition.read_text().replace("${chat.output}", "${chatt.output}"))
    done = flowop("validate", flow)
    assert (done.returncode, done.stdout) == (1, "")
    assert "✗ bot: NodeReferenceNotFound\n  flow.dag.yaml:11\n" in done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads(flowop("validate", flow, "--json").stdout)
    error, output = found["errors"]
    assert not found["valid"]
    assert (output["name"], output["line"]) == ("OutputReferenceNotFound", 6)
    assert (error["name"], error["file"], error["line"]) == ("NodeReferenceNotFound", "flow.dag.yaml", 11)
    assert "chatt" in error["message"]


def test_names_of_connections_are_checked_once_there_are_any(flow: Path, connections: Path) -> None:
    definition = flow / "flow.dag.yaml"
    definition.write_text(definition.read_text().replace("my_llm", "your_llm"))
    assert flowop("validate", flow).returncode == 0
    done = flowop("validate", flow, "--connections", connections)
    assert (done.returncode, "GetConnectionError" in done.stderr) == (1, True)


def test_a_flow_runs_once_and_its_outputs_alone_are_on_stdout(flow: Path, connections: Path) -> None:
    inputs = flow.parent / "inputs.json"
    inputs.write_text('{"question": "Do tents fit?"}')
    for given in (['{"question": "Do tents fit?"}'], [f"@{inputs}"], [inputs], ["question=Do tents fit?"]):
        done = flowop("test", flow, "--inputs", *given, "--connections", connections)
        assert done.returncode == 0, done.stderr
        outputs = json.loads(done.stdout)
        assert outputs["size"] == len(outputs["answer"])
        assert "being imported" in done.stderr
        assert "being run" in done.stderr


def test_a_folder_may_stand_behind_the_inputs_and_what_is_no_input_is_said(
    flow: Path, connections: Path
) -> None:
    done = flowop("test", "--connections", connections, "--inputs", "question=x", "querry=y", flow)
    assert done.returncode == 0, done.stderr
    assert "the flow has no such input: querry (there are: question, chat_history)" in done.stderr


def test_connections_come_from_promptflows_variables_too(flow: Path, llm: str) -> None:
    value = {"api_key": "sk-secret-value", "base_url": llm}
    connection = json.dumps({"type": "OpenAIConnection", "module": "promptflow.connections", "value": value})
    done = flowop("test", flow, "--inputs", '{"question": "x"}', my_llm=connection)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("inputs", "name", "says"),
    [
        ("{}", "InputNotFound", "input 'question'"),
        ('{"question": "x", "chat_history": 5}', "InputTypeError", "chat_history"),
    ],
)
def test_a_flow_that_fails_says_why_and_shows_no_key(
    inputs: str, name: str, says: str, flow: Path, connections: Path
) -> None:
    done = flowop("test", flow, "--inputs", inputs, "--connections", connections)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"✗ bot: {name}" in done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "sk-secret" not in done.stderr
    found = json.loads(
        flowop("test", flow, "--inputs", inputs, "--json", "--connections", connections).stdout
    )
    assert found["error"]["name"] == name


def test_a_node_that_fails_is_named(flow: Path, tmp_path: Path) -> None:
    file = tmp_path / "nowhere.yaml"
    file.write_text(CONNECTION.replace("URL", f"http://127.0.0.1:{free_port()}/v1"))
    (flow / "size.py").write_text("from promptflow import tool\n@tool\ndef size(text):\n    return 1\n")
    (flow / "flow.dag.yaml").write_text(
        "outputs: {a: {reference: '${n.output}'}}\nnodes: [{name: n, type: python, source: {path: t.py}}]\n"
    )
    (flow / "t.py").write_text(
        "from promptflow import tool\n@tool\ndef t():\n    raise KeyError('no tents')\n"
    )
    done = flowop("test", flow, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["name"], error["node"]) == (1, "ToolExecutionError", "n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("fly", "."), "invalid choice: 'fly'"),
        (("validate", "/no/such/folder"), "there is no /no/such/folder"),
        (("test", ".", "--inputs", "{"), "must be a JSON object of inputs"),
        (("test", "--inputs", "{}"), "the following arguments are required: DIR"),
        (("test", ".", "--connections", "/no/such/file"), "/no/such/file cannot be read"),
        (("serve", ".", "--port", "x"), "'x' is no port"),
    ],
)
def test_what_is_not_understood_exits_with_2(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = flowop(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_there_are_colours_on_a_terminal_alone(flow: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm"}
    environ.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "flow_runtime.cli.main", "validate", str(flow)]
    for quiet in ({}, {"NO_COLOR": "1"}):
        subprocess.run(command, stderr=theirs, env={**environ, **quiet}, check=True, timeout=30)
        shown = os.read(ours, 4096).decode()
        assert ("\x1b[32m✓" in shown) == (not quiet)
    os.close(ours)
    os.close(theirs)


async def get(url: str, accept: str = "*/*", body: Any = None) -> tuple[int, str]:
    async with aiohttp.ClientSession(headers={"accept": accept}) as http:
        method = "GET" if body is None else "POST"
        async with http.request(method, url, json=body) as answer:
            return answer.status, await answer.text()


def test_a_flow_is_served_until_ctrl_c(flow: Path, connections: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "flow_runtime.cli.main", "serve", str(flow), "--port", str(port)]
    command += ["--connections", str(connections)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "MY_LLM_KEY": "k"}
    )
    try:
        wait_for_port(port)
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            if asyncio.run(get(f"{url}/health"))[0] == 200:
                break
            time.sleep(0.05)
        question = {"question": "Do tents fit?", "chat_history": []}
        status, text = asyncio.run(get(f"{url}/score", body=question))
        assert (status, list(json.loads(text))) == (200, ["answer"])
        assert "Promptflow[bot] API" in asyncio.run(get(f"{url}/swagger.json"))[1]
    finally:
        process.send_signal(signal.SIGINT)
        shown = process.communicate(timeout=15)[1]
    assert process.returncode == 0
    assert f"POST {url}/score" in shown


def test_a_flow_that_cannot_be_loaded_is_not_served(flow: Path, connections: Path) -> None:
    (flow / "size.py").unlink()
    done = flowop("serve", flow, "--port", free_port(), "--connections", connections)
    assert done.returncode == 1
    assert "✗ bot: InvalidSource (promptflow: ResolveToolError)\n  flow.dag.yaml:11\n" in done.stderr


def test_a_port_that_is_taken_is_said_to_be_so(flow: Path, connections: Path, llm: str) -> None:
    port = llm.rpartition(":")[2].partition("/")[0]
    done = flowop("serve", flow, "--port", port, "--connections", connections)
    assert (done.returncode, f"cannot listen on 127.0.0.1:{port}" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_a_build_is_a_folder_for_docker(flow: Path) -> None:
    done = flowop("build", flow, folder=flow.parent)
    assert done.returncode == 0
    assert "docker build -t bot bot-image" in done.stderr
    assert (flow.parent / "bot-image" / "flow" / "flow.dag.yaml").is_file()


def test_the_pip_beside_a_build_runs_as_it_is(tmp_path: Path) -> None:
    own_pip(tmp_path / "pip.zip")
    command = [sys.executable, "-S", "-m", "pip", "--version"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(tmp_path / "pip.zip")}, capture_output=True, text=True, check=False
    )
    assert "pip.zip/pip" in done.stdout, done.stderr
