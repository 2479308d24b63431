"""Two answers to one request: what differs between them. Pure."""

import json
import re
from typing import Any

IGNORED_PARAMETERS = ("stream_options",)
"""Ours asks for the usage of streams; promptflow counts tokens itself."""
_ADDRESS = re.compile(" at 0x[0-9a-f]+")
"""Of an object of Python, in its repr."""


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Say by aspect what differs: status, type, body, stream, requests to the model."""
    if "load" in theirs or "load" in ours or "crash" in theirs or "crash" in ours:
        return _loads(theirs, ours)
    found = []
    if theirs["status"] != ours["status"]:
        return [f"status {theirs['status']} / {ours['status']} {_short(theirs)} / {_short(ours)}"]
    if not theirs["content"] and not ours["content"]:
        pass  # of what kind nothing is matters to nobody
    elif _kind(theirs) != _kind(ours):
        found.append(f"type {_kind(theirs)} / {_kind(ours)}")
    elif _body(theirs) != _body(ours):
        found.append(f"body {_short(theirs)} / {_short(ours)}")
    if bool(theirs["broken"]) != bool(ours["broken"]):
        found.append(f"broken {theirs['broken']!r} / {ours['broken']!r}")
    if theirs["status"] == 200 and (said := _asked(theirs["asked"], ours["asked"])):
        found.append(f"llm {said}")
    return found


def _loads(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    said = [
        each.get("crash")
        or ("loads" if "load" not in each else f"{each['load'][-1]}: {each['message'][:150]}")
        for each in (theirs, ours)
    ]
    said = [" ".join(each.split()) for each in said]
    same = "load" in theirs and "load" in ours and ours["load"][-1] in theirs["load"]
    return [] if same else [f"load {said[0]} / {said[1]}"]


def _kind(answer: dict[str, Any]) -> str:
    return str(answer["type"]).partition(";")[0].strip()


def _body(answer: dict[str, Any]) -> Any:
    """JSON as a value, of an error the code alone (the words are each engine's own), a stream as it is."""
    if _kind(answer) != "application/json":
        return answer["content"] if _kind(answer) == "text/event-stream" else ""
    if not answer["content"]:
        return ""  # to HEAD
    value = json.loads(_ADDRESS.sub(" at 0x0", answer["content"]))
    if answer["status"] >= 400 and isinstance(value, dict) and isinstance(value.get("error"), dict):
        return value["error"].get("code")
    return value


def _asked(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> str:
    """What was sent to the model: paths, keys and bodies, in any order (nodes run side by side)."""
    first, second = (
        sorted(json.dumps(_plain(each), sort_keys=True) for each in sent) for sent in (theirs, ours)
    )
    if first == second:
        return ""
    if len(first) != len(second):
        return f"{len(first)} requests / {len(second)} requests"
    one, other = next((json.loads(a), json.loads(b)) for a, b in zip(first, second, strict=True) if a != b)
    parts = [
        f"{name}: {one[name]} / {other[name]}" for name in ("path", "headers") if one[name] != other[name]
    ]
    keys = sorted(one["body"].keys() | other["body"].keys())
    parts += [
        f"{key}: {_say(one['body'], key)} / {_say(other['body'], key)}"
        for key in keys
        if _say(one["body"], key) != _say(other["body"], key)
    ]
    return "; ".join(parts)


def _plain(asked: dict[str, Any]) -> dict[str, Any]:
    body = {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in asked["body"].items()
        if key not in IGNORED_PARAMETERS and _says(value)
    }
    return {**asked, "body": body}


def _says(value: Any) -> bool:
    """Whether a parameter says more than one that is left out; promptflow sends some that do not."""
    return value is not None and value is not False and value not in ("", {})


def _say(body: dict[str, Any], key: str) -> str:
    return json.dumps(body[key])[:400] if key in body else "absent"


def _short(answer: dict[str, Any]) -> str:
    text = answer["content"].replace("\n", "\\n")
    return repr(text if len(text) <= 300 else text[:297] + "...")
