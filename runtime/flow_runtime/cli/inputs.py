"""The inputs of flowop test: a JSON object, a JSON or JSONL file, or name=value pairs as `pf` takes them."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from flow_runtime.cli.screen import Problem
from flow_runtime.flow.model import FlowInput

SUFFIXES = (".json", ".jsonl")
HISTORY = "chat_history"


def read_inputs(words: Sequence[str]) -> dict[str, Any]:
    """Read what stands behind --inputs; of a JSONL file, the first line. Raises Problem."""
    first = words[0] if words else "{}"
    if len(words) < 2 and not _is_pair(first):
        if first.startswith("@") or first.lower().endswith(SUFFIXES):
            return _read_file(first.removeprefix("@"))
        return _parse(first, "--inputs")
    given: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Problem(
                f"--inputs: {word!r} is no name=value: quote values with spaces, or give a JSON object"
            )
        given[name] = value
    return given


def unknown_inputs(given: Collection[str], declared: Collection[str]) -> str:
    """Say which of the given inputs the flow does not have; empty where it has them all."""
    unknown = sorted(set(given) - set(declared))
    if not unknown:
        return ""
    there = ", ".join(declared) or "none"
    return f"not used, since the flow has no such input: {', '.join(unknown)} (there are: {there})"


def with_history(inputs: Mapping[str, FlowInput], given: dict[str, Any]) -> dict[str, Any]:
    """Begin a chat: the history may be left out, as in promptflow's command (its server wants it)."""
    missing: dict[str, Any] = {
        name: []
        for name, field in inputs.items()
        if field.required
        and (field.is_chat_history or (name == HISTORY and field.is_chat_history is not False))
    }
    return missing | given


def _is_pair(word: str) -> bool:
    return "=" in word and not word.lstrip().startswith(("{", "[", "@"))


def _read_file(name: str) -> dict[str, Any]:
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise Problem(f"{name} is not UTF-8 text") from None
        raise Problem(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if name.lower().endswith(".jsonl"):
        text = next((line for line in text.splitlines() if line.strip()), "")
    return _parse(text, name)


def _parse(text: str, shown: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 20) : error.pos + 20]
        raise Problem(
            f"{shown} must be a JSON object of inputs: {error.msg} at line {error.lineno}, "
            f"column {error.colno}, near {near!r}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise Problem(f"{shown} must be a JSON object of inputs: {error}") from None
    if not isinstance(given, dict):
        raise Problem(f'{shown} must be a JSON object of inputs, such as {{"question": "…"}}')
    return given
