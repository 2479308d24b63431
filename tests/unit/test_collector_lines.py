"""Lines that nobody should have written: they are lost alone, and counted."""

import gzip
from io import BytesIO
from pathlib import Path

import orjson
import pytest

from flow_runtime.collector.lines import LINE_VALUES
from flow_runtime.collector.pack import pack
from flow_runtime.collector.redact.policy import Policy

MIB = 2**20
GOOD = b'{"id":"good","inputs":{"q":"hi"}}'
LOST = {
    "not UTF-8": b'{"inputs":{"q":"\xff\xfe"}}',
    "NaN": b'{"inputs":{"q":NaN}}',
    "infinity": b'{"inputs":{"q":-Infinity}}',
    "nested 10,000 deep": b'{"inputs":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "a NUL byte": b'{"inputs":{"q":"a\x00b"}}',
    "nothing but NUL bytes": b"\x00" * 4096,
    "no object": b"[1]",
    "an empty line": b"",
    "50 MB": b'{"inputs":{"q":"' + b"x" * 50 * MIB + b'"}}',
    "more values than there is memory for": b'{"inputs":{"q":[' + b"[]," * LINE_VALUES + b"1]}}",
}


@pytest.mark.parametrize("line", LOST.values(), ids=LOST)
def test_a_line_that_is_no_record_or_too_large_is_lost_alone(line: bytes) -> None:
    packed = pack(BytesIO(b"\n".join((GOOD, line, GOOD, b""))), Policy())
    assert (packed.rows, packed.lost) == (2, 1)
    assert gzip.decompress(packed.data) == (GOOD + b"\n") * 2


KEPT = {
    "unicode": {"q": "日本語 \U0001f600 مرحبا e\u0301"},
    "a lone surrogate, as the server writes it": {"q": "a\ufffdb"},
    "control characters": {"q": "a\tb\u0000c\u2028d"},
    "nested 200 deep": {"q": orjson.loads(b"[" * 200 + b"]" * 200)},
    "more commas in a text than values are allowed": {"q": "a,b[" * (LINE_VALUES // 20)},
}


@pytest.mark.parametrize("inputs", KEPT.values(), ids=KEPT)
def test_whatever_json_can_say_is_stored_as_it_was(inputs: dict[str, object]) -> None:
    packed = pack(BytesIO(orjson.dumps({"id": "a", "inputs": inputs}) + b"\n"), Policy())
    assert (packed.rows, packed.lost) == (1, 0)
    assert orjson.loads(gzip.decompress(packed.data))["inputs"] == inputs


@pytest.mark.parametrize(
    "text", ["x" * MIB, "a,[{" * (MIB // 4), '\\"' * (MIB // 2), "\U0001f600" * (MIB // 4)]
)
def test_a_text_of_a_mebibyte_is_stored_cut_and_says_so(text: str) -> None:
    packed = pack(BytesIO(orjson.dumps({"id": "a", "inputs": {"q": text}}) + b"\n"), Policy())
    assert (packed.rows, packed.lost) == (1, 0)
    stored = orjson.loads(gzip.decompress(packed.data))
    assert stored["truncated"] == ["inputs.q"]
    assert stored["inputs"]["q"].startswith(text[:10_000])


def test_a_torn_last_line_is_lost_whatever_it_looks_like(tmp_path: Path) -> None:
    for torn in (GOOD, b"{", b"\x00", b"x" * 20 * MIB):
        packed = pack(BytesIO(GOOD + b"\n" + torn), Policy())
        assert (packed.rows, packed.lost) == (1, 1)
