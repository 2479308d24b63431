"""Differences that random cases meet again and again: docs/compatibility.md says why, here is how to know them."""

import json
import re
from typing import Any

from tests.compat.case import FlowCase

Result = dict[str, Any]
ORDINARY = ("YAMLError", "ComposerError", "ParserError", "ScannerError", "UserErrorException", "ValueError", "TypeError",
    "AttributeError", "NotImplementedError", "KeyError", "FileNotFoundError", "HTTPStatusError", "ConstructorError", "DuplicateKeyError", "ValidationException")  # fmt: skip
"""What promptflow ends in where it has no name for what is wrong."""


def reason(case: FlowCase, request: str, theirs: Result, ours: Result, found: list[str]) -> str:
    """Name the rule of the document that a difference comes under; "" for none."""
    if request == "load":
        return _of_loading(case, theirs, ours)
    return _of_answer(case, answer(theirs, request), answer(ours, request), found)


def answer(result: Result, request: str) -> dict[str, Any]:
    """One answer of an engine."""
    answers = result.get("answers") or []
    return answers[int(request) - 1] if request.isdigit() and answers else {}


def _of_loading(case: FlowCase, theirs: Result, ours: Result) -> str:
    said = str(theirs.get("message", ""))
    no_api = ".None' is not found" in said
    if "load" in theirs and "load" in ours:
        return "a name for what has none" if theirs["load"][-1] in ORDINARY or no_api else ""
    if "load" in theirs and "answers" in ours:
        if "return annotation" in said:
            return "the dev kit refuses a plain return annotation"
        if "__dict__" in said and any("from __future__ import annotations" in each for each in case.files.values()):
            return "a dataclass under `from __future__ import annotations` cannot be imported"
        if no_api:
            return "an llm node without `api` is a chat"
        if said == "'type'":
            return "an output without a type"
        return ""
    if "answers" in theirs and all(each["status"] >= 400 for each in theirs["answers"]):
        return "refused when loaded instead of at every request"
    return ""


def _of_answer(case: FlowCase, one: dict[str, Any], other: dict[str, Any], found: list[str]) -> str:
    status = (one["status"], other["status"])
    if other["status"] == 406:
        return "406 is said before anything runs"
    if status == (500, 200) and "not supported between instances" in one["content"]:
        return "keys of several types can be written"
    if "reference is currently unsupported" in one["content"] and "output[" in one["content"]:
        return "an index right after `output`"
    if status == (400, 200) and "Invalid property" in one["content"] and "activate" in _definition(case):
        return "an output that wants a part of what was passed over is null"
    if "Multiple stream output fields" in one["content"] and "activate" in _definition(case):
        return "what a condition looks at does not stream"
    if status == (200, 200) and all(each.startswith("llm stream: true / absent") for each in found):
        return "a stream is asked for only where the client gets one"
    if status == (500, 400) and "non json data" not in one["content"]:
        return "a caller's mistake is 400"
    if status == (200, 400) and json.loads(one["content"] or "0") == []:
        return "a caller's mistake is 400"
    return ""


def _definition(case: FlowCase) -> str:
    return next(text for name, text in case.files.items() if name.endswith((".yaml", ".prompty")))
