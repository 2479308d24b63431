"""Records as lines for people: as wide as the screen, and harmless to it. And what --since means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.cli.record_line import ANSWERS, QUESTIONS, cells, escaped, feedback_line, record_line, said
from flow_runtime.cli.screen import Problem
from flow_runtime.cli.span import span_of
from flow_runtime.contracts.record import Record, RecordError
from flow_runtime.reading.rows import Row
from tests.unit.evaluator_parts import NOW, record
from tests.unit.reading_parts import feedback

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "a\r\nb\x00\x9b31m",
    "\u202eevil\u2066x\u200b\ufeff\u2028",
    "\U000e0041\U000e007f",
    "'; DROP TABLE records; --",
]


def plainly(text: str, _: str) -> str:
    return text


def marked(text: str, colour: str) -> str:
    return f"<{colour}:{text}>"


def line(width: int = 120, paint: Any = plainly, home: bool = False, **changes: Any) -> str:
    made: Record = record(1, **changes)
    return record_line(Row(made.time.astimezone(UTC), made, b"{}"), width, paint, home)


def test_a_line_has_time_code_latency_revision_tokens_question_and_answer() -> None:
    assert line() == (
        "11-22 18:29:58   200    12 ms  0123456   10+5         "
        "How much is number 1? → Number 1 costs 1 dollars."
    )
    assert line(home=True).split()[7] == "shop/bot"
    assert "  2.5 s  " in line(latency_ms=2500)


def test_a_failure_says_why_in_red() -> None:
    error = RecordError(code="LLMUnavailable", message="it answered\n503", node="chat")
    text = line(paint=marked, status=502, outputs=None, error=error)
    assert "<31: 502>" in text
    assert "<31:LLMUnavailable in chat: it answered 503>" in text
    assert "<31:" not in line(paint=marked)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_record_steers_the_terminal(text: str) -> None:
    error = RecordError(code=text, message=text, node=text)
    shown = [
        line(inputs={"query": text}, outputs={"reply": text}),
        line(inputs={text: [text]}, outputs={}, error=error, home=True, deployment=text, revision=text),
        feedback_line(Row(NOW, feedback(1, feedback=text), b""), 80, plainly),
        feedback_line(Row(NOW, feedback(1, request_id=text), b""), 80, plainly, alone=True),
    ]
    assert all(each.isprintable() for each in shown), shown


@given(st.text(max_size=400), st.text(max_size=400), st.integers(80, 200))
def test_no_line_is_wider_than_the_screen(question: str, answer: str, width: int) -> None:
    assert cells(line(width, inputs={"query": question}, outputs={"reply": answer})) <= width
    error = RecordError(code="X", message=answer)
    assert cells(line(width, inputs={"query": question}, outputs=None, error=error)) <= width
    row = Row(NOW, feedback(1, feedback=question), b"")
    assert cells(feedback_line(row, width, plainly)) <= width


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("注文", 4), ("é", 1), ("e\u0301", 1), ("🎒", 2), ("ｗ", 2), ("", 0)]
)
def test_columns_are_counted_as_terminals_do(text: str, columns: int) -> None:
    assert cells(text) == columns


def test_question_and_answer_share_the_room_and_a_short_one_leaves_it_to_the_other() -> None:
    long_answer = line(inputs={"query": "Why?"}, outputs={"reply": "because " * 50})
    assert "Why? → because" in long_answer
    assert long_answer.endswith("…")
    both = line(inputs={"query": "why " * 50}, outputs={"reply": "because " * 50})
    assert "why… → because" in both
    assert line(inputs={"query": "why " * 50}, outputs={"reply": "No."}).endswith("… → No.")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"id": "x", "query": "q"}, "q"),
        ({"chat_history": [], "topic": "tents"}, "tents"),
        ({"numbers": [1, 2]}, '{"numbers": [1, 2]}'),
        ({}, ""),
    ],
)
def test_what_a_person_looks_at_is_a_text_under_a_usual_name_else_all(
    fields: dict[str, Any], text: str
) -> None:
    assert said(fields, QUESTIONS) == text
    assert said({"reply": "a", "context": "c"}, ANSWERS) == "a"


@given(st.dictionaries(st.text(), st.text()))
def test_json_on_a_terminal_is_the_same_json(value: dict[str, str]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert escaped(text).isprintable()
    assert json.loads(escaped(text)) == value


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("1h", "", NOW - timedelta(hours=1), NOW + timedelta(hours=1)),
        ("1h30m", "15m", NOW - timedelta(minutes=90), NOW - timedelta(minutes=15)),
        ("2w", "1d", NOW - timedelta(days=14), NOW - timedelta(days=1)),
        (
            "2026-11-20",
            "2026-11-21T09:30:00+09:00",
            datetime(2026, 11, 20, tzinfo=UTC),
            datetime(2026, 11, 21, 0, 30, tzinfo=UTC),
        ),
        ("1h", "9999-12-31T23:59", NOW - timedelta(hours=1), NOW + timedelta(hours=1)),
        ("9999d", "2026-11-22T17Z", datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 17, tzinfo=UTC)),
    ],
)
def test_a_span_is_times_or_how_long_ago(since: str, until: str, start: datetime, end: datetime) -> None:
    span = span_of(since, until, NOW)
    assert (span.start, span.end) == (start, end)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("yesterday", ""),
        ("", ""),
        ("-1h", ""),
        ("1h", "x"),
        ("1h", "2h"),
        ("99999999w", ""),
        ("1 h", ""),
        ("2030-01-01", "2031-01-01"),
    ],
)
def test_a_span_that_is_none_is_a_problem_that_names_the_option(since: str, until: str) -> None:
    with pytest.raises(Problem, match=r"--(since|until)"):
        span_of(since, until, NOW)
