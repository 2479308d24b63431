"""JSON with all that Python can hold: long whole numbers, odd keys, texts that are none."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert json_text.read(json_text.write(value)) == value == json.loads(json_text.write(value))


@pytest.mark.parametrize("number", [2**64, 10**30, -(2**63) - 1, 123456789012345678901234567890])
def test_a_whole_number_of_any_length_keeps_its_digits(number: int) -> None:
    assert json_text.write({"n": [number, (number,)]}) == b'{"n":[%d,[%d]]}' % (number, number)
    assert json_text.read(b'{"n": %d}' % number) == {"n": number}


def test_half_a_surrogate_is_written_as_a_mark() -> None:
    assert json_text.write({"half\ud83d": ["\ude00"]}) == '{"half\ufffd":["\ufffd"]}'.encode()


def test_what_is_no_json_stays_an_error() -> None:
    @dataclass
    class Point:
        x: int

    assert json_text.write([Point(1), float("nan")]) == b'[{"x":1},null]'
    deep: list[object] = []
    for _ in range(2_000):
        deep = [deep]
    for bad in (object(), [10**30, object()], deep):
        with pytest.raises(TypeError):
            json_text.write(bad)
