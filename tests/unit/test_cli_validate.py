"""flowop validate: all that is wrong at once, whatever is in the folder, and nothing left behind."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.cli.validate import validate
from flow_runtime.flow.errors import YAMLError
from flow_runtime.flow.yaml12 import MAX_BYTES, parse_yaml
from tests.unit.flow_helpers import write_flow

DAG = """\
inputs:
  q: {type: string}
  n: {type: number}
  m: {type: int, default: seven}
outputs:
  a: {type: string, reference: "${nobody.output}"}
  b: {type: string}
nodes:
- name: look
  type: python
  source: {type: code, path: look.py}
  inputs:
    q: ${inputs.qq}
    k: many
    z: 1
- name: look
  type: python
  source: {type: code, path: look.py}
- name: other
  type: python
  source: {type: code, path: other.py}
- name: gone
  type: python
  source: {type: code, path: gone.py}
- name: ask
  type: llm
  source: {type: code, path: ask.jinja2}
  connection: nobody
  api: chat
  inputs:
    max_tokens: some
    q: ${inputs.q}
- name: draw
  type: prompt
  source: {type: code, path: draw.jinja2}
- {name: one, type: python, source: {type: code, path: look.py}, inputs: {q: "${two.output}", k: 1}}
- {name: two, type: python, source: {type: code, path: look.py}, inputs: {q: "${one.output}", k: 1}}
additional_includes: [../nowhere]
environment_variables: {K: "${nobody.key}"}
"""
FILES = {
    "look_py": "from promptflow import tool\n\n@tool\ndef look(q: str, k: int) -> str:\n    return q\n",
    "other_py": "import os\n\ndef (\n",
    "ask_jinja2": "system:\n{{prompt}}\nuser:\n{{q}}\n",
    "draw_jinja2": "a\n{% if %}\n",
}
ALL = {
    ("InvalidSource", "flow.dag.yaml", 38),
    ("FlowDefinitionError", "flow.dag.yaml", 3),
    ("FlowDefinitionError", "flow.dag.yaml", 4),
    ("DuplicateNodeName", "flow.dag.yaml", 16),
    ("InvalidSource", "flow.dag.yaml", 24),
    ("InputReferenceNotFound", "flow.dag.yaml", 13),
    ("NodeCircularDependency", "flow.dag.yaml", 36),
    ("OutputReferenceNotFound", "flow.dag.yaml", 6),
    ("EmptyOutputReference", "flow.dag.yaml", 7),
    ("GetConnectionError", "flow.dag.yaml", 39),
    ("NodeInputValidationError", "flow.dag.yaml", 14),
    ("NodeInputValidationError", "flow.dag.yaml", 15),
    ("PythonLoadError", "other.py", 3),
    ("NodeInputValidationError", "ask.jinja2", 2),
    ("GetConnectionError", "flow.dag.yaml", 28),
    ("NodeInputValidationError", "flow.dag.yaml", 31),
    ("TemplateSyntaxError", "draw.jinja2", 2),
}


@pytest.fixture(autouse=True)
def own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Validating sets variables and paths of a process that ends after it."""
    path = list(sys.path)
    monkeypatch.delenv("K", raising=False)
    yield
    os.environ.pop("K", None)
    sys.path[:] = path


@pytest.fixture
def connections(tmp_path: Path) -> Path:
    file = tmp_path / "connections.yaml"
    file.write_text("name: llm\ntype: open_ai\napi_key: k\n")
    return file


def validated(folder: Path, connections: Path | None = None) -> tuple[int, Any]:
    out = io.StringIO()
    code = validate(folder, connections, "", True, Screen(out, sys.stderr))
    return code, json.loads(out.getvalue())


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, connections: Path) -> None:
    code, found = validated(write_flow(tmp_path / "bot", DAG, **FILES), connections)
    said = [(each["name"], each["file"], each["line"]) for each in found["errors"]]
    assert (code, found["valid"]) == (1, False)
    assert set(said) ^ ALL == set()
    assert len(said) == len(ALL)
    wrapped = {each["name"]: each["upstream"] for each in found["errors"]}
    assert wrapped["TemplateSyntaxError"] == ["ResolveToolError", "TemplateSyntaxError"]
    assert wrapped["DuplicateNodeName"] == ["DuplicateNodeName"]


def test_people_see_name_place_line_and_fix(
    tmp_path: Path, connections: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = write_flow(tmp_path / "bot", DAG, **FILES)
    assert validate(flow, connections, "", False, Screen(sys.stdout, sys.stderr)) == 1
    shown = capsys.readouterr().err
    assert "✗ bot: PythonLoadError (promptflow: ResolveToolError)\n  other.py:3\n    | def (\n" in shown
    assert "✗ bot: DuplicateNodeName\n  flow.dag.yaml:16\n    | - name: look\n" in shown
    assert shown.endswith("bot: 17 errors\n")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "bot", "nodes:\n- {name: n, type: python, source: {path: n.py}}\n")
    (flow / "n.py").write_text(
        "from promptflow import tool\nopen('made.txt', 'w').close()\n@tool\ndef n():\n    return 1\n"
    )
    here, before = Path.cwd(), sorted(tmp_path.rglob("*"))
    assert validated(flow)[0] == 0
    assert (Path.cwd(), sorted(tmp_path.rglob("*"))) == (here, before)


def test_a_folder_that_no_pod_would_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = write_flow(tmp_path / "bot", "nodes: []\n")
    with (flow / "weights.bin").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    code, found = validated(flow)
    assert (code, found["errors"][0]["name"]) == (1, "InvalidSource")
    assert "64 MiB" in found["errors"][0]["message"]


def test_a_script_gets_json_of_a_folder_that_is_not_there_too(tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(Problem, match="there is no"):
        validate(tmp_path / "gone", None, "", True, Screen(out, sys.stderr))
    assert json.loads(out.getvalue())["errors"][0]["name"] == "UserErrorException"


def test_links_in_a_circle_and_pipes_are_left_out_as_in_a_pod(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "bot", "nodes: []\n")
    for link, target in (("a", "b"), ("b", "a"), ("self", "."), ("up", ".."), ("gone", "nowhere")):
        (flow / link).symlink_to(target)
    os.mkfifo(flow / "pipe")
    assert validated(flow)[0] == 0


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"], ids=["too long", "with a null"])
def test_a_name_that_no_file_can_have_is_a_problem(name: str) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        validate(Path(name), None, "", False, Screen(sys.stdout, sys.stderr))


def test_a_terminal_is_not_steered_by_a_flow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = write_flow(
        tmp_path / "bot", 'nodes:\n- {name: "a\\e[31m\\nb", type: python, source: {path: "\\e[2J"}}\n'
    )
    assert validate(flow, None, "", False, Screen(sys.stdout, sys.stderr)) == 1
    assert "\x1b" not in capsys.readouterr().err


ROLES = {"hello {{q}}": 1, "system:\nhello {{q}}": 0, "{{who}}:\n{{q}}": 0, "{{ 'user' ~ ':' }}\n{{q}}": 0}


@pytest.mark.parametrize(("text", "code"), ROLES.items(), ids=ROLES)
def test_a_prompty_without_a_role_would_fail_in_each_request(text: str, code: int, tmp_path: Path) -> None:
    model = "model: {api: chat, configuration: {type: openai, model: m}, parameters: {}}"
    (tmp_path / "p.prompty").write_text(f"---\n{model}\n---\n{text}\n")
    found, said = validated(tmp_path)
    assert found == code
    assert [each["name"] for each in said["errors"]] == ["ChatAPIInvalidRole"] * code


LEVELS = "".join(
    f"{name}: &{name} [{', '.join(['*' + former] * 9)}]\n"
    for former, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BOMBS = {
    "aliases that unfold": ("a: &a [x]\n" + LEVELS, "unfold to more than"),
    "an alias of itself": ("a: &a [*a]\n", "unfold to more than"),
    "lists in lists": ("[" * 1000 + "]" * 1000, "nested too deeply"),
    "a very large file": ("#" * (MAX_BYTES + 1), "larger than 1 MiB"),
}


@pytest.mark.parametrize(("text", "says"), BOMBS.values(), ids=BOMBS)
def test_yaml_that_would_eat_the_machine_is_refused(text: str, says: str) -> None:
    with pytest.raises(YAMLError, match=says):
        parse_yaml(text.encode(), "flow.dag.yaml")
