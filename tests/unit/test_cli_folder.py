"""flowop's folders: what is packaged, where in it an error is, what is built of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from flow_runtime.cli.build import build, dockerfile, requirements
from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.folder import flow_name, package, packaged
from flow_runtime.cli.inputs import read_inputs, unknown_inputs
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.cli.where import Place, place_of
from flow_runtime.flow.errors import FlowLoadError, InvalidSource
from flow_runtime.flow.load import load_flow
from tests.unit.flow_helpers import write_flow

DAG = """\
inputs:
  q: {type: string}
outputs:
  a: {type: string, reference: "${ask.output}"}
nodes:
- name: look
  type: python
  source: {type: code, path: look.py}
  inputs:
    q: ${inputs.q}
- name: ask
  type: prompt
  source: {type: code, path: ask.jinja2}
  inputs:
    found: ${look.output}
"""
LOOK = "from promptflow import tool\n\n@tool\ndef look(q: str) -> str:\n    return q\n"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_package_has_the_flow_and_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "shared" / "deep").mkdir(parents=True)
    (tmp_path / "shared" / "deep" / "words.txt").write_text("words")
    (tmp_path / "look.py").write_text("new")
    flow = write_flow(tmp_path / "bot", DAG + "additional_includes: [../shared, ../look.py]\n", look_py="old")
    with packaged(flow) as target:
        assert target.name == "bot"
        assert files(target) == {"flow.dag.yaml", "look.py", "shared/deep/words.txt"}
        assert (target / "look.py").read_text() == "new"
    assert not target.exists()


def test_a_package_leaves_out_what_no_flow_is_made_of(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "bot", DAG)
    for name in (".git/HEAD", "__pycache__/x.pyc", ".venv/bin/python", ".promptflow/log.txt"):
        (flow / name).parent.mkdir(parents=True)
        (flow / name).write_text("x")
    with packaged(flow) as target:
        assert files(target) == {"flow.dag.yaml"}


def test_a_prompty_of_several_can_be_named(tmp_path: Path) -> None:
    for name in ("a.prompty", "b.prompty", "words.txt"):
        (tmp_path / name).write_text("x")
    with packaged(tmp_path / "a.prompty") as target:
        assert files(target) == {"a.prompty", "words.txt"}
    assert flow_name(tmp_path / "a.prompty") == tmp_path.name


def test_what_cannot_be_packaged_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"there is no .*gone: give the folder of a flow"):
        package(tmp_path / "gone", tmp_path / "x")
    (tmp_path / "read.me").write_text("x")
    with pytest.raises(Problem, match=r"read.me is no flow"), packaged(tmp_path / "read.me"):
        pass


@pytest.mark.parametrize(
    ("include", "says"), [("../gone", "'../gone' is not there"), ("..", "holds the flow itself")]
)
def test_an_include_that_cannot_be_taken_is_an_invalid_source(
    include: str, says: str, tmp_path: Path
) -> None:
    flow = write_flow(tmp_path / "bot", DAG + f"additional_includes: ['{include}']\n")
    with pytest.raises(InvalidSource, match=says), packaged(flow):
        pass


BROKEN = {
    "an input that is not there": (("q: ${inputs.q}", "q: ${inputs.p}"), Place("flow.dag.yaml", 10)),
    "a node that is not there": (
        ("found: ${look.output}", "found: ${lok.output}"),
        Place("flow.dag.yaml", 15),
    ),
    "a file that is not there": (("look.py}", "gone.py}"), Place("flow.dag.yaml", 8)),
    "an output of nothing": (("${ask.output}", "${asked.output}"), Place("flow.dag.yaml", 4)),
    "a circle": (("q: ${inputs.q}", "q: ${ask.output}"), Place("flow.dag.yaml", 6)),
    "broken YAML": (("inputs:\n  q:", "inputs: [\n  q:"), Place("flow.dag.yaml", 3)),
    "a type that is none": (("q: {type: string}", "q: {type: text}"), Place("flow.dag.yaml", 2)),
}


@pytest.mark.parametrize(("change", "place"), BROKEN.values(), ids=BROKEN)
def test_an_error_has_a_line_of_the_definition(change: tuple[str, str], place: Place, tmp_path: Path) -> None:
    write_flow(tmp_path, DAG.replace(*change), look_py=LOOK, ask_jinja2="{{ found }}")
    with pytest.raises(FlowLoadError) as raised:
        load_flow(tmp_path, None)
    found = place_of(raised.value, tmp_path)
    assert found is not None
    assert found.file == place.file
    assert found.line == place.line, str(raised.value)


FILES = {
    "a Python file with a wrong line": ({"look_py": "import os\n\ndef (\n"}, Place("look.py", 3)),
    "a Python file that raises": ({"look_py": "import os\n\nraise KeyError('x')\n"}, Place("look.py", 3)),
    "a broken template": ({"ask_jinja2": "x\n{% if %}\n"}, Place("ask.jinja2", 2)),
}


@pytest.mark.parametrize(("broken", "place"), FILES.values(), ids=FILES)
def test_an_error_in_a_file_has_its_line(broken: dict[str, str], place: Place, tmp_path: Path) -> None:
    write_flow(tmp_path, DAG, **({"look_py": LOOK, "ask_jinja2": "{{ found }}"} | broken))
    with pytest.raises(FlowLoadError) as raised:
        load_flow(tmp_path, None)
    assert place_of(raised.value, tmp_path) == place


def test_a_folder_without_a_flow_has_no_place(tmp_path: Path) -> None:
    assert place_of(InvalidSource("the folder holds no flow"), tmp_path) is None


def test_a_build_has_flow_requirements_and_dockerfile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = write_flow(tmp_path / "My Bot", DAG, look_py=LOOK, ask_jinja2="{{ found }}")
    wanted = (
        "# ours\npromptflow>=1.10\npromptflow-tools\npromptflow[azure]==1.18.5\nrequests==2.32\n\nfaiss-cpu\n"
    )
    (flow / "requirements.txt").write_text(wanted)
    (flow / ".env").write_text("KEY=sk-secret-value")
    target = tmp_path / "out"
    for _ in range(2):  # again: what was written goes, and is written anew
        assert build(flow, target, "registry.example.com/flow-runtime:1", Screen(sys.stdout, sys.stderr)) == 0
    assert files(target) == {
        "Dockerfile",
        "requirements.txt",
        "wheels/pip.zip",
        *(f"flow/{name}" for name in ("flow.dag.yaml", "look.py", "ask.jinja2", "requirements.txt")),
    }
    assert (target / "requirements.txt").read_text() == "requests==2.32\nfaiss-cpu\n"
    text = (target / "Dockerfile").read_text()
    assert "ARG BASE=registry.example.com/flow-runtime:1\nFROM ${BASE} AS packages\nUSER root\n" in text
    packages, image = text.split("\nFROM ${BASE}\n")
    assert "pip install" in packages
    assert all(word not in image for word in ("USER", "ARG", "RUN", "wheels"))
    shown = capsys.readouterr().err
    assert "docker build -t my-bot" in shown
    assert "left out: .env" in shown
    assert "the runtime has its own: promptflow>=1.10, promptflow-tools, promptflow[azure]==1.18.5" in shown


def test_wheels_that_were_put_beside_a_build_stay_when_it_is_written_anew(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "bot", DAG, look_py=LOOK, ask_jinja2="{{ found }}")
    (flow / "requirements.txt").write_text("requests\n")
    for _ in range(2):
        assert build(flow, tmp_path / "out", "", Screen(sys.stdout, sys.stderr)) == 0
        (tmp_path / "out" / "wheels" / "requests-2.32-py3-none-any.whl").write_text("")
    assert "wheels/requests-2.32-py3-none-any.whl" in files(tmp_path / "out")


def test_a_build_never_takes_away_what_it_did_not_write(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "bot", DAG)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.md").write_text("x")
    with pytest.raises(Problem, match="was not written by flowop build"):
        build(flow, tmp_path / "out", "", Screen(sys.stdout, sys.stderr))
    assert files(tmp_path / "out") == {"thesis.md"}


def test_requirements_may_have_another_name(tmp_path: Path) -> None:
    write_flow(tmp_path, DAG + "environment: {python_requirements_txt: needs.txt}\n", needs_txt="requests\n")
    assert requirements(tmp_path) == (["requests"], [])


def test_a_flow_without_requirements_installs_nothing() -> None:
    text = dockerfile("bot\nRUN rm -rf /", "base", installs=False)
    assert "pip" not in text
    assert "\nRUN" not in text


CONNECTIONS = {
    "no such file": (None, "cannot be read: No such file"),
    "no YAML": ("{", "no valid YAML"),
    "nothing": ("", "holds no connection"),
    "no name": ("type: open_ai\napi_key: k\n", "name"),
    "an unknown type": ("name: c\ntype: telepathy\n", "type must be one of"),
}


@pytest.mark.parametrize(("text", "says"), CONNECTIONS.values(), ids=CONNECTIONS)
def test_connections_that_cannot_be_read_are_said_to_be_so(
    text: str | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "connections.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Problem, match=says):
        open_connections(file, {}, Screen(sys.stdout, sys.stderr))


def test_connections_come_from_files_of_a_folder_and_variables_in_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\ntype: open_ai\napi_key: ${env:KEY}\n")
    (tmp_path / "b.yml").write_text("name: b\ntype: custom\nsecrets: {k: v}\nconfigs: {u: w}\n")
    connections = open_connections(tmp_path, {"KEY": "sk-1"}, Screen(sys.stdout, sys.stderr))
    assert sorted(connections.types) == ["a", "b"]
    assert connections.get("a")["api_key"] == "sk-1"


def test_a_connection_that_cannot_be_made_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(
        "name: a\ntype: open_ai\napi_key: k\n---\nname: b\ntype: open_ai\napi_key: ${env:NO_SUCH_VARIABLE}\n"
    )
    environ = {"c": '{"type": "open_ai", "api_key": "${env:NOR_THIS}"}'}
    connections = open_connections(file, environ, Screen(sys.stdout, sys.stderr))
    assert (list(connections.types), connections.resolved) == (["a"], True)
    shown = capsys.readouterr().err
    assert "left out: connection 'b', api_key: there is no variable NO_SUCH_VARIABLE: set it" in shown
    assert "NOR_THIS" in shown


INPUTS = {"no JSON": "{", "a list": "[1]", "a file that is not there": "@gone.json"}


@pytest.mark.parametrize("text", INPUTS.values(), ids=INPUTS)
def test_inputs_that_are_no_object_are_said_to_be_so(text: str) -> None:
    with pytest.raises(Problem, match=r"--inputs must be a JSON object|gone.json cannot be read"):
        read_inputs([text])


def test_inputs_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"q": "ténts"}', encoding="utf-8")
    assert read_inputs([f"@{tmp_path / 'in.json'}"]) == {"q": "ténts"}
    (tmp_path / "in.jsonl").write_text('\n{"q": "one"}\n{"q": "two"}\n', encoding="utf-8")
    assert read_inputs([str(tmp_path / "in.jsonl")]) == {"q": "one"}


def test_inputs_come_in_pairs_as_pf_takes_them() -> None:
    assert read_inputs(["q=do tents fit?", "n=3", "e="]) == {"q": "do tents fit?", "n": "3", "e": ""}
    assert read_inputs(['{"a": "b=c"}']) == {"a": "b=c"}
    with pytest.raises(Problem, match="'tents' is no name=value"):
        read_inputs(["q=do", "tents"])


def test_broken_inputs_are_shown_where_they_break() -> None:
    with pytest.raises(Problem, match=r"Expecting ',' delimiter at line 1, column 9, near "):
        read_inputs(['{"q": 1 "r": 2}'])


def test_inputs_that_a_flow_does_not_have_are_named() -> None:
    assert unknown_inputs(["q", "querry"], ["q", "n"]).endswith("no such input: querry (there are: q, n)")
    assert unknown_inputs(["q"], ["q"]) == ""


def test_help_is_quick_and_says_the_exit_codes() -> None:
    """None of what runs flows is imported for it."""
    program = (
        "import sys; from flow_runtime.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    )
    program += "sys.exit('jinja2' in sys.modules or 'aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "exit codes:" in done.stdout
