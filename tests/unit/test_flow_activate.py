"""Nodes that are passed over, and variants: which body runs, what those after it get."""

from pathlib import Path
from typing import Any

import pytest

from flow_runtime.flow.errors import FlowDefinitionError, FlowLoadError, OutputReferenceError
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.load import load_flow
from tests.unit.flow_helpers import CONNECTIONS, load, new_run, outputs, write_flow

TOOLS = {
    "say_py": "from promptflow.core import tool\n@tool\ndef say(word):\n    return word\n",
    "both_py": (
        "from promptflow.core import tool\n@tool\ndef both(a, b='default', c='kept'):\n    return [a, b, c]\n"
    ),
    "p_jinja2": "a={{ a }} b={{ b }}",
}
BRANCH = """
    inputs: {kind: {type: string}, on: {type: bool, default: true}}
    outputs:
      left: {reference: "${left.output}"}
      both: {reference: "${both.output}"}
      text: {reference: "${text.output}"}
    nodes:
    - {name: left, type: python, source: {path: say.py}, inputs: {word: L},
       activate: {when: "${inputs.kind}", is: left}}
    - {name: right, type: python, source: {path: say.py}, inputs: {word: R},
       activate: {when: "${inputs.kind}", is: right}}
    - {name: both, type: python, source: {path: both.py}, inputs: {a: "${left.output}", b: "${right.output}"}}
    - {name: text, type: prompt, source: {path: p.jinja2},
       inputs: {a: "${left.output}", b: "${right.output}"}}
"""


def flow_of(folder: Path, dag: str) -> Flow:
    return load(folder, dag, **TOOLS)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("left", {"left": "L", "both": ["L", "default", "kept"], "text": "a=L b=None"}),
        ("right", {"left": None, "both": [None, "R", "kept"], "text": "a=None b=R"}),
        ("neither", {"left": None, "both": None, "text": None}),
    ],
)
async def test_inputs_of_nodes_that_were_passed_over_are_left_out_or_none(
    kind: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    assert await outputs(flow_of(tmp_path, BRANCH), {"kind": kind}) == expected


async def test_a_node_that_is_passed_over_says_so_in_its_step(tmp_path: Path) -> None:
    flow = flow_of(tmp_path, BRANCH)
    run = new_run(flow, {"kind": "left"})
    await flow.run(run)
    assert {step.node: step.status for step in run.steps} == {
        "left": "completed",
        "right": "bypassed",
        "both": "completed",
        "text": "completed",
    }


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("{when: '${inputs.on}', is: true}", True),
        ("{when: '${inputs.on}', is: 'true'}", False),
        ("{when: '${inputs.on}', is: 1}", True),
        ("{when: '${first.output.a[0]}', is: 5}", True),
        ("{when: '${first.output.a[0]}', is: '5'}", False),
        ("{when: fixed, is: fixed}", True),
        ("{when: '${inputs.on}', is: }", False),
        ("{}", True),
    ],
)
async def test_a_condition_compares_as_python_does(condition: str, runs: bool, tmp_path: Path) -> None:
    dag = f"""
        inputs: {{on: {{type: bool, default: true}}}}
        outputs: {{o: {{reference: "${{last.output}}"}}}}
        nodes:
        - {{name: last, type: python, source: {{path: say.py}}, inputs: {{word: ran}}, activate: {condition}}}
        - {{name: first, type: python, source: {{path: say.py}}, inputs: {{word: '{{"a": [5]}}'}}}}
    """
    assert await outputs(flow_of(tmp_path, dag), {}) == {"o": "ran" if runs else None}


async def test_a_condition_that_holds_runs_a_node_although_its_inputs_were_passed_over(
    tmp_path: Path,
) -> None:
    dag = """
        inputs: {on: {type: bool, default: false}}
        outputs: {o: {reference: "${last.output}"}, gone: {reference: "${after.output}"}}
        nodes:
        - {name: first, type: python, source: {path: say.py}, inputs: {word: w},
           activate: {when: "${inputs.on}", is: true}}
        - {name: last, type: python, source: {path: both.py}, inputs: {a: "${first.output.x}", b: "${first}"},
           activate: {when: "${inputs.on}", is: false}}
        - {name: after, type: python, source: {path: say.py}, inputs: {word: w},
           activate: {when: "${first.output}", is: }}
    """
    assert await outputs(flow_of(tmp_path, dag), {}) == {"o": [None, "default", "kept"], "gone": None}


async def test_a_condition_on_a_part_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    dag = """
        outputs: {o: {reference: "${last.output}"}}
        nodes:
        - {name: first, type: python, source: {path: say.py}, inputs: {word: w}}
        - {name: last, type: python, source: {path: say.py}, inputs: {word: w},
           activate: {when: "${first.output.gone}", is: 1}}
    """
    with pytest.raises(OutputReferenceError, match=r"'activate\.when' wants 'gone' of node 'first'"):
        await outputs(flow_of(tmp_path, dag), {})


VARIANTS = """
    outputs: {o: {reference: "${n.output}"}, m: {reference: "${m.output}"}}
    nodes:
    - {name: n, use_variants: true}
    - {name: m, type: python, source: {path: say.py}, inputs: {word: own}, use_variants: true}
    node_variants:
      n:
        default_variant_id: variant_0
        variants:
          variant_0: {node: {name: other, type: python, source: {path: say.py}, inputs: {word: zero}}}
          variant_1: {node: {type: python, source: {path: say.py}, inputs: {word: one}}}
"""


@pytest.mark.parametrize(
    ("chosen", "word"), [("", "zero"), ("n.variant_1", "one"), ("${n.variant_1}", "one")]
)
async def test_a_node_has_the_body_of_its_chosen_variant(chosen: str, word: str, tmp_path: Path) -> None:
    folder = write_flow(tmp_path, VARIANTS, **TOOLS)
    flow = load_flow(folder, CONNECTIONS, variant=chosen)
    assert await outputs(flow, {}) == {"o": word, "m": "own"}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [("n", "node.variant_id"), ("x.variant_1", "'x'"), ("n.gone", "there are: variant_0, variant_1")],
)
def test_a_variant_that_is_not_there_is_refused(chosen: str, says: str, tmp_path: Path) -> None:
    folder = write_flow(tmp_path, VARIANTS, **TOOLS)
    with pytest.raises(FlowLoadError, match=says):
        load_flow(folder, CONNECTIONS, variant=chosen)


@pytest.mark.parametrize(
    "files",
    [{"flow.flex.yaml": "entry: bot:answer\n", "bot.py": "answer = int\n"}, {"it.prompty": "---\n---\n"}],
    ids=["flex", "prompty"],
)
def test_a_variant_of_a_flow_that_has_none_is_refused(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(FlowDefinitionError, match=r"it has no variants, so leave 'n\.v' out"):
        load_flow(tmp_path, {}, "n.v")
