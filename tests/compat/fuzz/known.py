# ruff: noqa: E501 - whole rows of values stand in the lines
"""Differences that random cases meet again and again: docs/compatibility.md says why, here is how to know them."""

import json
import re
from typing import Any

from tests.compat.case import FlowCase
from tests.compat.listed import DOCUMENT

Result = dict[str, Any]
ORDINARY = (
    "AttributeError", "ComposerError", "ConstructorError", "DuplicateKeyError", "FileNotFoundError", "HTTPStatusError", "KeyError",
    "NotImplementedError", "ParserError", "ScannerError", "TypeError", "UserErrorException", "ValidationException", "ValueError",
    "YAMLError",
)  # fmt: skip
"""What promptflow ends in where it has no name for what is wrong."""
LAZY = re.compile(r"yield ")


def rules() -> frozenset[str]:
    """The rules of the document."""
    table = DOCUMENT.read_text(encoding="utf-8").partition("## Random flows")[2].partition("\n## ")[0]
    return frozenset(
        row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()[2:] if row.startswith("| ")
    )


def reason(case: FlowCase, request: str, theirs: Result, ours: Result, found: list[str]) -> str:
    """Name the rule of the document that a difference comes under; "" for none."""
    why = _of_loading(case, theirs, ours) if request == "load" else ""
    if request != "load":
        why = _of_answer(case, answer(theirs, request), answer(ours, request), found)
    assert not why or why in rules(), f"docs/compatibility.md has no rule '{why}'"
    return why


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
        postponed = any("from __future__ import annotations" in each for each in case.files.values())
        known = {
            "a plain return annotation is fine": "return annotation" in said,
            "a dataclass under postponed annotations can be imported": postponed and "__dict__" in said,
            "an llm node without `api` is a chat": no_api,
            "an output without a type is a text": said == "'type'",
            "a prompty's model may hold other keys": "PromptyModelConfiguration.__init__()" in said,
        }
        return next((why for why, fits in known.items() if fits), "")
    told = ours.get("load", [""])[-1]
    if told == "InvalidFlexFlowEntry" and "\nentry:" not in "\n" + _definition(case):
        return "a flex flow needs its entry"
    if told == "OutputReferenceNotFound" and "must be ${" in ours["message"]:
        return "an output refers to `output`"
    if told == "FlowDefinitionError" and "has a source of type" in ours["message"]:
        return "a source is of a type that there is"
    if told in ("ChatAPIInvalidFunctions", "NodeInputValidationError") and "activate" in _definition(case):
        return "refused when loaded instead of at every request"
    if "answers" in theirs and all(each["status"] >= 400 for each in theirs["answers"]):
        return "refused when loaded instead of at every request"
    return ""


def _of_answer(case: FlowCase, one: dict[str, Any], other: dict[str, Any], found: list[str]) -> str:
    status = (one["status"], other["status"])
    definition, said = _definition(case), one["content"]
    conditional, good = "activate" in definition, status == (200, 200)
    several = status == (500, 200) and "not supported between instances" in said
    mistake = status == (500, 400) or (status == (200, 400) and "an object of inputs" in other["content"])
    known = {
        "406 is said before anything runs": other["status"] == 406,
        "keys of several types can be written": several,
        "an index right after `output`": "output[" in definition or "output['" in definition,
        "a part of what was passed over is null": status == (400, 200)
        and "Invalid property" in said
        and conditional,
        "what a condition looks at does not stream": "Multiple stream output fields" in said and conditional,
        "a stream is asked for only where the client gets one": (
            good and all("llm stream: true / absent" in each for each in found)
        )
        or "not been supported by stream mode" in said,
        "a message of calls has the keys that the model gave": good and "\\n- refusal" in str(found),
        "a completion has no response_format": "keyword argument 'response_format'" in said,
        "a flex flow's answer is a stream of one event": status == (406, 200) and "entry:" in definition,
        "a default of the signature counts": status == (400, 200)
        and "entry:" in definition
        and "not provided" in said,
        "words after a list of tool calls are left out": case.row.startswith("fuzz prompty")
        and '"tool_calls": [' in str(found),
        "a caller's mistake is 400": mistake,
        "a generator may be read by two outputs": good
        and ':""' in said
        and any(LAZY.search(each) for each in case.files.values()),
        "half a surrogate is U+FFFD": "\ufffd" in other["content"]
        or "\ufffd" in json.dumps(other["asked"], ensure_ascii=False),
    }
    return next((why for why, fits in known.items() if fits), "")


def _definition(case: FlowCase) -> str:
    return next(text for name, text in case.files.items() if name.endswith((".yaml", ".prompty")))
