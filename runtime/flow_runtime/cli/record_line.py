"""A record and its feedback as lines for people: as wide as the screen, and harmless to it. Pure."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flow_runtime.cli.screen import DIM, RED, plain
from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.reading.rows import Row

Paint = Callable[[str, str], str]
"""Colours a text, or leaves it as it is."""

QUESTIONS = ("question", "query", "prompt", "message", "input", "text")
ANSWERS = ("answer", "reply", "response", "completion", "output", "result", "text")
HEAD = "TIME (UTC)      CODE  LATENCY  REVISION  TOKENS       QUESTION → ANSWER"
_TEXT_LIMIT = 1000
"""Characters of a text that are looked at: no screen is wider."""
_LEAST = 20
_ARROW = " → "


def record_line(row: Row[Record], width: int, paint: Paint, home: bool) -> str:
    """Write one record in `width` columns. `home`: name its deployment, since there are several."""
    record = row.value
    failed = record.error is not None or record.status >= 400
    code = paint(f"{record.status:>4}", RED if failed else DIM)
    start = f"{row.time:%m-%d %H:%M:%S}  "
    middle = f"  {_latency(record.latency_ms):>7}  {plain(record.revision)[:7]:<8}  {_tokens(record):<11}  "
    place = f"{_cut(plain(f'{record.namespace}/{record.deployment}'), 30)}  " if home else ""
    room = max(_LEAST, width - cells(start) - 4 - cells(middle) - cells(place))
    question = _line(said(record.inputs, QUESTIONS))
    if record.error is not None:
        where = f" in {record.error.node}" if record.error.node else ""
        answer = _line(f"{record.error.code}{where}: {record.error.message}")
    else:
        answer = _line(said(record.outputs or {}, ANSWERS))
    asked = _cut(question, max(room // 2, room - len(_ARROW) - cells(answer)))
    answer = _cut(answer, room - len(_ARROW) - cells(asked))
    ending = f"{asked}{_ARROW}{paint(answer, RED) if failed else answer}"
    return f"{paint(start, DIM)}{code}{paint(middle, DIM)}{place}{ending}"


def feedback_line(row: Row[Feedback], width: int, paint: Paint, *, alone: bool = False) -> str:
    """Write one feedback: below its record, or by itself with what it says of its request."""
    feedback = row.value
    start = f"{row.time:%m-%d %H:%M:%S}  " + ("feedback  " if alone else "      ↳ feedback  ")
    if alone:
        name = feedback.request_id or feedback.trace_id or ""
        start += f"{_cut(plain(f'{feedback.namespace}/{feedback.deployment} {name}'), 60)}  "
    said_ = feedback.feedback if isinstance(feedback.feedback, str) else _json(feedback.feedback)
    return f"{paint(start, DIM)}{_cut(_line(said_), max(_LEAST, width - cells(start)))}"


def said(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    """Choose what a person looks at: a text under a usual name, else the first text, else all as JSON."""
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    for name in names:
        if name in texts:
            return texts[name]
    return next(iter(texts.values())) if texts else _json(fields) if fields else ""


def escaped(line: str) -> str:
    """Write a line of JSON so that it is the same JSON and steers no terminal."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def cells(text: str) -> int:
    """Count the columns of a terminal that a text takes (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(text: str, room: int) -> str:
    """Cut a line to so many columns."""
    if cells(text) <= room:
        return text
    used = 0
    for at, char in enumerate(text):
        used += _cells(char)
        if used > room - 1:
            return text[:at].rstrip() + "…"
    return text


def _line(text: str) -> str:
    return " ".join(plain(text[:_TEXT_LIMIT]).split())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _latency(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _tokens(record: Record) -> str:
    tokens = record.tokens
    return f"{tokens.prompt}+{tokens.completion}" if tokens.prompt or tokens.completion else "-"
