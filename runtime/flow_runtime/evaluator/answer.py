"""Reads a judge's reply, strictly: a score is one of five integers, or there is none. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

SCORES = range(1, 6)
REASON_LIMIT = 4000
MOST_TRIES = 200
_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL | re.IGNORECASE)


class AnswerError(Exception):
    """A reply that carries no score. `type` is one lower-case word; the text says what was wrong with it."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_


@dataclass(frozen=True)
class ParsedAnswer:
    """A reply that was understood. Quotes are (text, where), not yet looked up."""

    score: int
    reason: str
    quotes: tuple[tuple[str, str], ...]


def parse_answer(text: str, finish: str = "stop", refusal: str = "") -> ParsedAnswer:
    """Read one reply. AnswerError unless it is one object with an integer score of 1 to 5 and a reason."""
    if refusal:
        raise AnswerError("refused", f"the judge refused: {_short(refusal)}")
    if finish == "content_filter":
        raise AnswerError("refused", "a content filter of the judge's provider stopped it")
    if finish == "length":
        raise AnswerError("truncated", "the judge's reply was cut off at its length limit")
    if not text.strip():
        raise AnswerError("empty", "the judge replied with nothing")
    found = _the_object(_THOUGHTS.sub("", text, count=1).strip())
    return ParsedAnswer(_score(found), _reason(found), _quotes(found.get("quotes")))


def _the_object(text: str) -> dict[str, Any]:
    """Find the one JSON object: the whole reply, its one code block, or the only one with a score in it."""
    blocks = _BLOCK.findall(text)
    for candidate in (text, blocks[0] if len(blocks) == 1 else ""):
        value = _decoded(candidate)
        if isinstance(value, dict):
            return value
    found = [value for value in _objects_within(text) if "score" in value]
    if len(found) > 1:
        raise AnswerError("ambiguous", f"the reply holds {len(found)} scored objects")
    if not found:
        raise AnswerError("unparsable", f"the reply is not the JSON object asked for: {_short(text)}")
    return found[0]


def _decoded(text: str) -> Any:  # JSON is anything
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _objects_within(text: str) -> list[dict[str, Any]]:
    decoder = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    found, start = [], text.find("{")
    # Each try may read to the end: a reply of nothing but braces must not cost its length squared.
    for _ in range(MOST_TRIES):
        if start < 0:
            break
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        if isinstance(value, dict):
            found.append(value)
        start = text.find("{", end)
    return found


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two scores in one object would let the reader choose."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise AnswerError("ambiguous", "the reply names a field twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _score(found: dict[str, Any]) -> int:
    score = found.get("score")
    if score is None:
        raise AnswerError("no_score", "the reply has no score")
    # A bool is an int to Python, and 4.0 or "4" would be a guess at what was meant.
    if not isinstance(score, int) or isinstance(score, bool):
        raise AnswerError("wrong_type", f"the score is not an integer: {_short(json.dumps(score))}")
    if score not in SCORES:
        raise AnswerError("out_of_range", f"the score is {_short(str(score))}, not 1 to 5")
    return score


def _reason(found: dict[str, Any]) -> str:
    reason = found.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise AnswerError("no_reason", "the reply gives no reason for its score")
    return _whole(reason).strip()[:REASON_LIMIT]


def _quotes(value: object) -> tuple[tuple[str, str], ...]:
    """Read what is readable: a quote is looked up anyway, and one that is malformed proves nothing."""
    items = value if isinstance(value, list) else []
    return tuple(
        (_whole(item["text"]), _whole(str(item.get("where", ""))))
        for item in items
        if isinstance(item, dict) and isinstance(item.get("text"), str) and item["text"].strip()
    )


def _whole(text: str) -> str:
    """Replace half characters, which JSON can spell (\\ud83d) and no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _short(text: str) -> str:
    line = " ".join(_whole(text).split())
    return line if len(line) <= 120 else line[:119] + "…"
