"""The front matter of a prompty: references, overrides, samples; whatever is wrong has a name."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.prompty.document import merge, parse_document, read_document
from flow_runtime.flow.prompty.prompty import Prompty

FRONT = """\
---
name: greet
model:
  api: chat
  configuration: {type: openai, model: m}
  parameters: {temperature: 0.5}
inputs:
  q: {type: string, default: hi}
---
user:
{{q}}
"""


def test_front_matter_and_template_are_parted(tmp_path: Path) -> None:
    document = parse_document(FRONT, tmp_path / "greet.prompty")
    assert (document.name, document.api, document.template) == ("greet", "chat", "user:\n{{q}}\n")
    assert document.parameters == {"temperature": 0.5}
    assert document.inputs == {"q": {"type": "string", "default": "hi"}}
    assert document.first


def test_windows_line_ends_and_rules_in_the_prompt_are_no_matter(tmp_path: Path) -> None:
    text = (FRONT + "---\nmore\n").replace("\n", "\r\n")
    assert parse_document(text, tmp_path / "p.prompty").template == "user:\n{{q}}\n---\nmore\n"


def test_a_name_that_is_not_written_is_the_file_s(tmp_path: Path) -> None:
    (tmp_path / "asked.prompty").write_text("---\nmodel: {}\n---\nuser:\nhi\n")
    assert read_document(tmp_path / "asked.prompty").name == "asked"


def test_whole_values_are_taken_from_variables_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "k")
    (tmp_path / "form.json").write_text(json.dumps({"type": "json_object"}))
    (tmp_path / "stop.yaml").write_text("[a, b]")
    (tmp_path / "user.txt").write_text("someone")
    text = """---
model:
  configuration:
    {type: openai, api_key: "${env:SOME_KEY}", base_url: "${env:NOT_THERE}", model: "x${env:SOME_KEY}"}
  parameters: {response_format: "${file:form.json}", stop: "${file:stop.yaml}", user: "${file:user.txt}"}
---
user:
"""
    document = parse_document(text, tmp_path / "p.prompty")
    assert document.configuration == {
        "type": "openai",
        "api_key": "k",
        "base_url": "${env:NOT_THERE}",
        "model": "x${env:SOME_KEY}",
    }
    assert document.parameters == {
        "response_format": {"type": "json_object"},
        "stop": ["a", "b"],
        "user": "someone",
    }
    assert "'k'" not in repr(document)


def test_overrides_are_laid_over_at_every_depth(tmp_path: Path) -> None:
    over = {"model": {"parameters": {"max_tokens": 5}, "configuration": {"model": "n"}}}
    document = parse_document(FRONT, tmp_path / "p.prompty", over)
    assert document.parameters == {"temperature": 0.5, "max_tokens": 5}
    assert document.configuration == {"type": "openai", "model": "n"}
    assert merge({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


@pytest.mark.parametrize("sample", ["{q: a}", "s.json", "file:s.json", "'${file:s.json}'"])
def test_a_sample_is_a_mapping_or_a_file(sample: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"q": "a"}')
    text = f"---\nmodel: {{}}\nsample: {sample}\n---\nuser:\n"
    assert parse_document(text, tmp_path / "p.prompty").sample == {"q": "a"}


WRONG = {
    "no front matter": ("user:\nhi\n", "UserErrorException", "must begin with its front matter"),
    "an open one": ("---\nname: a\nuser:\n", "UserErrorException", "must begin with its front matter"),
    "no YAML": ("---\na: [\n---\n", "YAMLError", "no valid YAML"),
    "a list": ("---\n- a\n---\n", "FlowDefinitionError", "must be a mapping"),
    "a model that is a text": ("---\nmodel: gpt\n---\n", "FlowDefinitionError", "model must be a mapping"),
    "another api": ("---\nmodel: {api: voice}\n---\n", "FlowDefinitionError", "chat or completion"),
    "parameters that are a list": (
        "---\nmodel: {parameters: [1]}\n---\n",
        "FlowDefinitionError",
        "parameters",
    ),
    "a configuration that is a list": (
        "---\nmodel: {configuration: [1]}\n---\n",
        "FlowDefinitionError",
        "config",
    ),
    "an input that is a number": ("---\ninputs: {q: 1}\n---\n", "FlowDefinitionError", "inputs.q"),
    "a file that is not there": ("---\nmodel: '${file:no.json}'\n---\n", "UserErrorException", "no.json"),
    "a sample that is a list": ("---\nsample: [1]\n---\n", "InvalidSampleError", "sample must be"),
    "tools that are none": (
        "---\nmodel: {parameters: {tools: []}}\n---\nx",
        "ChatAPIInvalidTools",
        "tools must be",
    ),
    "functions that are none": (
        "---\nmodel: {parameters: {functions: []}}\n---\nx",
        "ChatAPIInvalidFunctions",
        "functions must be",
    ),
    "a broken template": ("---\nname: a\n---\n{% if %}\n", "TemplateSyntaxError", "p.prompty"),
}


@pytest.mark.parametrize(("text", "name", "says"), WRONG.values(), ids=WRONG)
def test_a_prompty_is_refused_for(text: str, name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        Prompty.of(parse_document(text, tmp_path / "p.prompty"))
    assert refused.value.name == name
    assert says in str(refused.value)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "p.prompty").write_bytes(b"---\n\xff\xfe\n---\n")
    with pytest.raises(FlowLoadError, match=r"p\.prompty is not UTF-8 text"):
        read_document(tmp_path / "p.prompty")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["${env:HOME}", "${file:nothing.json}", "${env:", "json_object", "{{", "---"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["name", "model", "inputs", "outputs", "sample", "template", "api"])
MODEL_KEYS = st.sampled_from(["api", "configuration", "parameters", "response", "tools"])
FRONTS = st.dictionaries(KEYS, VALUES | st.dictionaries(MODEL_KEYS, VALUES, max_size=4), max_size=5)


def loads_or_has_a_name(text: str, folder: Path) -> None:
    with contextlib.suppress(FlowLoadError):
        Prompty.of(parse_document(text, folder / "p.prompty"))


@settings(max_examples=40, deadline=None)
@given(front=FRONTS, body=st.text(alphabet="usera:{%} \n#'|", max_size=30))
def test_any_front_matter_loads_or_is_refused_by_name(front: dict[str, Any], body: str) -> None:
    loads_or_has_a_name(f"---\n{json.dumps(front)}\n---\n{body}", Path("/nowhere"))


@settings(max_examples=40, deadline=None)
@given(text=st.text(alphabet="-\n:{}[]'\"&*!|>%@`# aéx$(env)\t\r\0", max_size=60))
def test_any_text_loads_or_is_refused_by_name(text: str) -> None:
    loads_or_has_a_name(text, Path("/nowhere"))
    loads_or_has_a_name(f"---\n{text}\n---\n{text}", Path("/nowhere"))
