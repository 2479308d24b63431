"""Whatever is written, a flow loads or is refused by name; whatever is said, a prompt parts or is refused."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.image import Image
from flow_runtime.flow.images import read_image
from flow_runtime.flow.load import load_flow
from flow_runtime.flow.messages import parse_chat
from flow_runtime.flow.read import parse_dag
from flow_runtime.flow.references import InputReference, NodeReference, parse, part
from flow_runtime.flow.roles import ROLES, guard

TOOL = """
from promptflow.core import tool

@tool
def run(a=1, b: int = 2, c: list | None = None):
    return a
"""
NAMES = st.sampled_from(["a", "b", "c", "n", "x", "", "é", "inputs", "output"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(), st.text(max_size=6))
REFERENCES = st.builds(
    lambda head, tail: f"${{{head}{tail}}}",
    st.sampled_from(["inputs.", "n.", "x.", "n", "flow.", "a.b", ""]),
    st.sampled_from(["x", "output", "output.a[0]", "output['k']", "output[", "inputs.x", "", ".."]),
)
VALUES = st.recursive(
    st.one_of(SCALARS, REFERENCES, st.sampled_from(["t.py", "p.jinja2", "../x", "llm", "n"])),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
TYPES = st.sampled_from(["int", "string", "list", "object", "image", "bool", "double", "secret", "gone", 3])
NODES = st.fixed_dictionaries(
    {"name": NAMES | VALUES},
    optional={
        "type": st.sampled_from(["llm", "python", "prompt", "custom_llm", "csharp", "gone"]) | VALUES,
        "source": st.fixed_dictionaries(
            {"path": st.sampled_from(["t.py", "p.jinja2", "gone", "a\0b", "."]) | VALUES},
            optional={"type": st.sampled_from(["code", "package", "gone"]), "tool": VALUES},
        )
        | VALUES,
        "inputs": st.dictionaries(NAMES, VALUES, max_size=3) | VALUES,
        "connection": VALUES,
        "api": st.sampled_from(["chat", "completion", "gone"]),
        "activate": st.fixed_dictionaries({"when": REFERENCES | VALUES, "is": VALUES}) | VALUES,
        "aggregation": st.booleans(),
        "use_variants": st.booleans(),
    },
)
FIELDS = st.fixed_dictionaries(
    {"type": TYPES}, optional={"default": VALUES, "reference": REFERENCES | VALUES}
)
DAGS = st.fixed_dictionaries(
    {"nodes": st.lists(NODES, max_size=3)},
    optional={
        "inputs": st.dictionaries(NAMES, FIELDS | VALUES, max_size=2) | VALUES,
        "outputs": st.dictionaries(NAMES, FIELDS | VALUES, max_size=2) | VALUES,
        "node_variants": VALUES,
        "message_format": st.sampled_from(["basic", "openai-vision", "gone"]),
        "additional_includes": st.lists(st.text(max_size=4), max_size=1) | VALUES,
        "language": st.sampled_from(["python", "csharp"]),
    },
)
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(DAGS)
def test_any_flow_loads_or_is_refused_by_name(dag: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "t.py").write_text(TOOL)
        (Path(folder) / "p.jinja2").write_text("user:\n{{ x }} ![image]({{ a }})")
        (Path(folder) / "flow.dag.yaml").write_text(yaml.safe_dump(dag), encoding="utf-8")
        with contextlib.suppress(FlowLoadError):
            load_flow(Path(folder), None)


@QUICK
@given(
    st.binary(max_size=60)
    | st.text(alphabet="inputs:odes{}[]-,&*!|>'\"#%@ \n\t0x~?<", max_size=60).map(lambda text: text.encode())
)
def test_any_bytes_are_a_flow_or_are_refused_by_name(content: bytes) -> None:
    with contextlib.suppress(FlowLoadError):
        parse_dag(content, "flow.dag.yaml")


@given(st.text(alphabet="ab._[]'\"0${} inputsowd", max_size=30).map(lambda text: f"${{{text}}}") | VALUES)
def test_any_value_is_a_reference_or_a_literal_or_is_refused(value: Any) -> None:
    try:
        found = parse(value)
    except ValueError:
        return
    assert found is None or isinstance(found, InputReference | NodeReference)


@given(VALUES, st.lists(st.text(max_size=4) | st.integers(0, 3), max_size=3))
def test_a_part_of_any_value_is_there_or_is_not(value: Any, path: list[str | int]) -> None:
    with contextlib.suppress(KeyError, IndexError, AttributeError, TypeError):
        part(value, tuple(path))


PIECES = st.sampled_from(
    [
        *(f"{role}:\n" for role in ROLES),
        "## name:\n",
        "## content:\n",
        "## tool_calls:\n",
        "## tool_call_id:\n",
        "[{'a': 1}]\n",
        "[" * 300,
        "Image(0a)\n",
        "x\n",
        "\n",
    ]
)


@QUICK
@given(st.lists(PIECES | st.text(max_size=8), max_size=10).map("".join))
def test_any_prompt_is_messages_or_is_refused(text: str) -> None:
    image = Image(b"x")
    with contextlib.suppress(ValueError):
        for message in parse_chat(text, {"Image(0a)": image}):
            assert message["role"] in ROLES
    message = parse_chat(f"user:\n{guard(text)}\n")
    assert [each["role"] for each in message] == ["user"]
    assert message[0]["content"] == text.strip()


@QUICK
@given(
    VALUES
    | st.dictionaries(
        st.sampled_from(["data:image/png;base64", "data:image/x;url", "type", "image_url"]), VALUES
    ),
    st.sampled_from(["basic", "openai-vision"]),
)
def test_any_value_is_an_image_or_is_refused(value: Any, form: str) -> None:
    with contextlib.suppress(ValueError):
        read_image(value, form)
