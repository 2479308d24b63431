"""What holds for every record, whatever is in it."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.look import Look
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.collector.redact.rules import NO_PATHS, Action, Rules
from flow_runtime.collector.redact.walk import Walk
from flow_runtime.patterns.find import KINDS, find, mask

SECRETS = {
    "email": ["jane.doe@example.com", "o'neil+news@mail.example.co.uk", "jürgen@bücher.example"],
    "creditCard": ["4111111111111111", "5500 0000 0000 0004", "3782-822463-10005"],
    "iban": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "fr1420041010050500013M02606"],
    "phone": ["+49 30 901820", "+1 (415) 555-2671", "0033 1 42 68 53 00"],
    "ipv4": ["203.0.113.195", "10.20.30.40"],
    "ipv6": ["2001:db8::8a2e:370:7334", "fe80::1ff:fe23:4567:890a"],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
    "cloudKey": ["AKIAIOSFODNN7EXAMPLE", "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12", "ghp_" + "a1B2" * 9],
}
ALL = Policy(kinds=KINDS)
PLANTED = st.sampled_from([(kind, text) for kind, texts in SECRETS.items() for text in texts])
WORDS = st.lists(
    st.text(
        st.characters(codec="utf-8", categories=["L", "Zs", "Po", "So"], exclude_characters="@"), max_size=8
    )
    | st.sampled_from(["the", "der", "今天", "صباح", "\n", "```", "|", "3.5", "2026"]),
    max_size=5,
).map(" ".join)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WRAPS = st.lists(st.sampled_from(["list", "value", "key", "json", "first", "last"]), max_size=5)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def wrapped(text: str, wraps: list[str]) -> Any:
    value: Any = text
    nests = 0
    for wrap in wraps:
        if wrap == "list":
            value = [1, value, "x"]
        elif wrap == "key" and isinstance(value, str):
            value = {value: 1}
        elif wrap == "json" and nests < 3:
            nests += 1
            value = json.dumps({"arguments": value})
        elif wrap == "first":
            value = {"a": value, "b": 2}
        else:
            value = {"a": [], "b": value}
    return value


def line_of(**parts: Any) -> bytes:
    return orjson.dumps({"v": 1, "id": "x", "request_id": "x", **parts, "redacted": {}, "truncated": []})


AROUND = st.sampled_from(
    [*" ()[]{}<>\"'`*:;|,?!=…«»是\t\n", "\u200b", "\\n", '\\"', "\\u0022", "%20", "&quot;", "\U0001f600"]
)


@FEW
@given(PLANTED, AROUND, AROUND)
def test_a_secret_needs_no_space_around_it(planted: tuple[str, str], before: str, after: str) -> None:
    kind, secret = planted
    text, found = mask(f"it{before}{secret}{after}is", KINDS)
    assert secret not in text
    assert kind in found


@FEW
@given(PLANTED, WORDS, WORDS, WRAPS, st.sampled_from(["inputs", "outputs", "nodes", "feedback", "error"]))
def test_no_planted_secret_survives_wherever_it_is(
    planted: tuple[str, str], before: str, after: str, wraps: list[str], root: str
) -> None:
    kind, secret = planted
    value = wrapped(f"{before} {secret} {after}", wraps)
    done = redact(line_of(**{root: {"field": value}}), ALL)
    assert done.line is not None
    assert secret not in done.line.decode()
    assert secret not in json.dumps(orjson.loads(done.line))
    assert done.counts[kind] >= 1
    assert orjson.loads(done.line)["redacted"] == done.counts


@FEW
@given(PLANTED, WORDS, WORDS)
def test_what_was_masked_holds_nothing_more_to_mask(
    planted: tuple[str, str], before: str, after: str
) -> None:
    once, found = mask(f"{before} {planted[1]} {after}", KINDS)
    assert found
    assert mask(once, KINDS) == (once, [])


@FEW
@given(JSON, PLANTED, WRAPS)
def test_a_line_that_is_redacted_again_stays_as_it_is(
    other: Any, planted: tuple[str, str], wraps: list[str]
) -> None:
    rules = Rules({"a": Action.HASH, "b": Action.MASK})
    policy = Policy(rules=rules, kinds=KINDS, key=b"k" * 32, user="x-user")
    line = line_of(user="jane", inputs={"one": other, "two": wrapped(planted[1], wraps)})
    once = redact(line, policy).line
    assert once is not None
    assert redact(once, policy).line == once
    assert redact(once, policy).counts == {}


@FEW
@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_a_record_without_a_find_comes_back_byte_by_byte(inputs: dict[str, Any]) -> None:
    line = line_of(inputs=inputs, outputs=inputs)
    done = redact(line, ALL)
    if not done.counts:
        assert done.line == line
    assert redact(line, Policy()).line == line


@FEW
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=8), JSON), PLANTED
)
def test_fields_keep_their_order(inputs: dict[str, Any], planted: tuple[str, str]) -> None:
    given = {"first": planted[1], **{f"{number}": value for number, value in enumerate(inputs.values())}}
    done = redact(line_of(inputs=given, outputs={"z": 1, "a": planted[1]}), ALL)
    assert done.line is not None
    record = orjson.loads(done.line)
    assert list(record["inputs"]) == list(given)
    assert list(record["outputs"]) == ["z", "a"]
    assert list(record)[:3] == ["v", "id", "request_id"]


@FEW
@given(JSON, st.lists(PLANTED, max_size=2), WRAPS)
def test_the_quick_look_calls_nothing_clean_that_the_walk_would_change(
    other: Any, planted: list[tuple[str, str]], wraps: list[str]
) -> None:
    value = {"other": other, "planted": [wrapped(text, wraps) for _, text in planted]}
    walk = Walk(ALL)
    made = walk.value(value, NO_PATHS)
    look = Look(ALL, [(value, NO_PATHS)])
    assert look.named or look.dirty or made == value
    after_look = Walk(ALL, dirty=look.dirty)
    assert after_look.value(value, NO_PATHS) == made


@FEW
@given(st.text(max_size=12), st.text(max_size=12))
def test_equal_values_have_equal_hashes_and_others_have_not(one: str, other: str) -> None:
    policy = Policy(rules=Rules({"id": Action.HASH}), key=b"k" * 32)

    def hashed(text: str, root: str, key: str) -> str:
        done = redact(line_of(**{root: {"deep": [{key: text}]}}), policy)
        assert done.line is not None
        value: str = orjson.loads(done.line)[root]["deep"][0][key]
        return value

    assert hashed(one, "inputs", "id") == hashed(one, "outputs", "ID")
    assert (hashed(one, "inputs", "id") == hashed(other, "inputs", "id")) == (one == other)
    assert hashed(one, "inputs", "id").startswith("hash:")


@FEW
@given(st.text(max_size=60))
def test_places_are_those_of_the_text_as_it_came(text: str) -> None:
    joined = f"{text}\u200b\uff0c jane\u200b.doe@exa\u200bmple.com{text}"
    for found in find(joined, ("email",)):
        assert "@" in joined[found.start : found.end] or "＠" in joined[found.start : found.end]
    assert "exa" not in mask("x \u200bjane@exa\u200bmple.com\u200b", ("email",))[0]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "@" * 100_000,
        "a@" * 50_000,
        "a'" * 50_000 + "@",
        "x@" + "a." * 50_000,
        "1" * 100_000,
        "4 " * 50_000,
        "4111 " * 20_000,
        "1.1.1.1" * 15_000,
        ":" * 100_000,
        "1:: " * 25_000,
        "+1 " * 33_000,
        "(12)" * 25_000,
        "DE89 " * 20_000,
        "-----BEGIN " * 9_000,
        "eyJ" * 33_000,
        "eyJaaaaa." * 11_000,
        "sk-" * 33_000,
        "://" * 33_000 + "@",
        "api key " * 12_000 + "a" * 40,
        "[" * 1000 + "]" * 1000,
        "data:image/png" + ";a=b" * 25_000,
        "\u200b" * 100_000,
        "a\u200b" * 50_000,
        "＠" * 100_000,
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_no_text_makes_the_search_run_away(text: str) -> None:
    """Each is a square, or worse, for a pattern that goes back: the suite's limit of 2 s would tell."""
    done = redact(line_of(inputs={"q": text}), ALL)
    assert done.line is not None
