"""Types, conversions and defaults of a request's inputs; references."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.flow.errors import InputNotFound, InputTypeError
from flow_runtime.flow.model import FlowInput, ValueType
from flow_runtime.flow.references import InputReference, NodeReference, parse, part
from flow_runtime.flow.values import request_inputs

CONVERSIONS = [
    (ValueType.INT, "7", 7),
    (ValueType.INT, 3.7, 3),
    (ValueType.DOUBLE, "1.5", 1.5),
    (ValueType.BOOL, "TRUE", True),
    (ValueType.BOOL, False, False),
    (ValueType.STRING, 5, "5"),
    (ValueType.STRING, None, "None"),
    (ValueType.LIST, "[1, 2]", [1, 2]),
    (ValueType.OBJECT, '{"a": 1}', {"a": 1}),
    (ValueType.OBJECT, "just a text", "just a text"),
    (ValueType.OBJECT, [1], [1]),
    (ValueType.SECRET, "s", "s"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), CONVERSIONS)
def test_a_value_becomes_its_type_as_in_promptflow(kind: ValueType, value: Any, expected: Any) -> None:
    assert request_inputs({"x": FlowInput(type=kind)}, {"x": value}) == {"x": expected}


REFUSALS = [
    (ValueType.INT, "many"),
    (ValueType.INT, None),
    (ValueType.INT, float("inf")),
    (ValueType.DOUBLE, "warm"),
    (ValueType.BOOL, 1),
    (ValueType.BOOL, None),
    (ValueType.LIST, "no list"),
    (ValueType.LIST, {"a": 1}),
    (ValueType.LIST, None),
]


@pytest.mark.parametrize(("kind", "value"), REFUSALS)
def test_a_value_of_another_type_is_refused_with_the_name_of_the_input(kind: ValueType, value: Any) -> None:
    with pytest.raises(InputTypeError, match=f"input 'x' must be of type {kind}"):
        request_inputs({"x": FlowInput(type=kind)}, {"x": value})


def test_a_refusal_quotes_nothing_of_the_value_which_may_be_a_secret() -> None:
    with pytest.raises(InputTypeError) as refused:
        request_inputs({"x": FlowInput(type=ValueType.INT)}, {"x": {"password": "hunter2"}})
    assert "hunter2" not in str(refused.value)


def test_a_missing_input_is_named() -> None:
    with pytest.raises(InputNotFound, match="input 'x'"):
        request_inputs({"x": FlowInput(type=ValueType.STRING)}, {})


def test_what_the_flow_does_not_declare_is_left_out() -> None:
    assert request_inputs({}, {"more": 1}) == {}


def test_a_default_that_a_tool_changes_is_new_for_the_next_request() -> None:
    declared = {"x": FlowInput(type=ValueType.LIST, default=[])}
    request_inputs(declared, {})["x"].append("changed")
    assert request_inputs(declared, {}) == {"x": []}


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InputTypeError) as refused:
        request_inputs({"x": FlowInput(type=ValueType.INT)}, {"x": "9" * 10_000 + "x"})
    assert len(str(refused.value)) < 200


REFERENCES = [
    ("${inputs.x}", InputReference("x")),
    ("${flow.x}", InputReference("x")),
    ("${inputs.x.y}", InputReference("x.y")),
    ("${n}", NodeReference("n")),
    ("${n.output}", NodeReference("n")),
    ("${n.output.a.b}", NodeReference("n", ("a", "b"))),
    ("${n.output.a['k-1'][0]}", NodeReference("n", ("a", "k-1", 0))),
    ("${n.output[2]}", NodeReference("n", (2,))),
    ('${n.output["k"]}', NodeReference("n", ("k",))),
    ("text ${n.output}", None),
    ("${n.output} text", None),
    ("$n", None),
    (7, None),
]


@pytest.mark.parametrize(("value", "expected"), REFERENCES)
def test_only_a_whole_string_is_a_reference(value: Any, expected: Any) -> None:
    assert parse(value) == expected


@pytest.mark.parametrize(
    "value", ["${n.input.a}", "${n.outputs}", "${n.output.a b}", "${n.output[a]}", "${n.output.}"]
)
def test_a_reference_that_cannot_be_read_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match="n"):
        parse(value)


@given(st.text())
def test_no_text_breaks_the_reference_parser(text: str) -> None:
    for value in (text, f"${{{text}}}", f"${{n.output{text}}}"):
        with contextlib.suppress(ValueError):
            parse(value)


def test_a_part_is_a_key_of_an_object_and_an_attribute_of_anything_else() -> None:
    class Document:
        title = "tents"

    value = {"docs": [Document()]}
    assert part(value, ("docs", 0, "title")) == "tents"


@pytest.mark.parametrize("path", [("gone",), ("docs", 5), ("docs", 0, "gone"), ("docs", "__class__")])
def test_a_part_that_is_not_there_is_an_error(path: tuple[str | int, ...]) -> None:
    with pytest.raises((KeyError, IndexError, AttributeError, TypeError)):
        part({"docs": ["a"]}, path)
