"""What a judge may reply, and what each way of misbehaving becomes."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.evaluator.answer import AnswerError, parse_answer

GOOD = {"reason": "It is there.", "quotes": [{"text": "May 7th", "where": "ANSWER"}], "score": 5}


def reply(**changes: object) -> str:
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value != "DROP"})


def test_a_good_reply_is_read() -> None:
    parsed = parse_answer(json.dumps(GOOD))
    assert (parsed.score, parsed.reason, parsed.quotes) == (5, "It is there.", (("May 7th", "ANSWER"),))


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{reply()}\n```",
        f"```\n{reply()}\n```",
        f"Here is my judgement:\n{reply()}\nI hope it helps.",
        f'<think>Score 1? {{"score": 1}} No.</think>\n{reply()}',
        f"  \n{reply()}\n  ",
        f"Let {{x}} be open. {reply()}",
        reply(note="a field more"),
        json.dumps(GOOD, indent=4),
    ],
)
def test_an_object_in_wrapping_is_found(text: str) -> None:
    assert parse_answer(text).score == 5


@pytest.mark.parametrize(
    ("text", "finish", "refusal", "type_"),
    [
        ("", "stop", "", "empty"),
        (" \n\t ", "stop", "", "empty"),
        ("null", "stop", "", "unparsable"),
        ("5", "stop", "", "unparsable"),
        ("[5]", "stop", "", "unparsable"),
        ("I would give it a 5.", "stop", "", "unparsable"),
        ("{'reason': 'x', 'quotes': [], 'score': 5}", "stop", "", "unparsable"),
        ('{"reason": "x", "quotes": [], "score": 5', "stop", "", "unparsable"),
        ("{score: 5}", "stop", "", "unparsable"),
        ("{}", "stop", "", "no_score"),
        (reply(score="DROP"), "stop", "", "no_score"),
        (reply(score=None), "stop", "", "no_score"),
        (reply(score=0), "stop", "", "out_of_range"),
        (reply(score=6), "stop", "", "out_of_range"),
        (reply(score=-1), "stop", "", "out_of_range"),
        (reply(score=10**30), "stop", "", "out_of_range"),
        (reply(score=4.0), "stop", "", "wrong_type"),
        (reply(score=4.5), "stop", "", "wrong_type"),
        (reply(score="4"), "stop", "", "wrong_type"),
        (reply(score="four"), "stop", "", "wrong_type"),
        (reply(score=True), "stop", "", "wrong_type"),
        (reply(score=[4]), "stop", "", "wrong_type"),
        (reply(score={"value": 4}), "stop", "", "wrong_type"),
        (reply(score=4).replace("4", "NaN"), "stop", "", "unparsable"),
        (reply(score=4).replace("4", "1e0"), "stop", "", "wrong_type"),
        (reply(reason=""), "stop", "", "no_reason"),
        (reply(reason="  "), "stop", "", "no_reason"),
        (reply(reason="DROP"), "stop", "", "no_reason"),
        (reply(reason=7), "stop", "", "no_reason"),
        ('{"reason": "x", "quotes": [], "score": 1, "score": 5}', "stop", "", "ambiguous"),
        (f"{reply(score=1)}\n{reply(score=5)}", "stop", "", "ambiguous"),
        (reply(), "length", "", "truncated"),
        (reply(), "content_filter", "", "refused"),
        ("", "content_filter", "", "refused"),
        ("", "stop", "I cannot help with that.", "refused"),
        (reply(), "stop", "I cannot help with that.", "refused"),
        ("[" * 100_000, "stop", "", "unparsable"),
        ('{"a":' * 5_000, "stop", "", "unparsable"),
    ],
)
def test_a_misbehaving_judge_gives_a_typed_error_and_no_score(
    text: str, finish: str, refusal: str, type_: str
) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_answer(text, finish, refusal)
    assert caught.value.type == type_
    assert len(str(caught.value)) < 300


def test_half_a_character_is_replaced_so_that_the_report_can_be_written() -> None:
    parsed = parse_answer('{"reason": "\\ud83d x", "quotes": [{"text": "\\ude00"}], "score": 2}')
    assert parsed.reason == "? x"
    assert parsed.quotes == (("?", ""),)


@pytest.mark.parametrize(
    "quotes", [None, "May 7th", [], [7], [{}], [{"text": 7}], [{"text": ""}], {"text": "x"}, "DROP"]
)
def test_quotes_that_cannot_be_read_prove_nothing_and_cost_no_score(quotes: object) -> None:
    parsed = parse_answer(reply(quotes=quotes))
    assert (parsed.score, parsed.quotes) == (5, ())


@given(st.text())
def test_no_text_at_all_makes_the_parser_fail_in_another_way(text: str) -> None:
    with contextlib.suppress(AnswerError):
        assert parse_answer(text).score in range(1, 6)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)
)
def test_only_the_integers_1_to_5_are_scores(score: object) -> None:
    try:
        found = parse_answer(json.dumps({"reason": "x", "quotes": [], "score": score})).score
    except AnswerError:
        assert isinstance(score, bool) or score not in range(1, 6) or not isinstance(score, int)
    else:
        assert found == score
        assert type(score) is int
