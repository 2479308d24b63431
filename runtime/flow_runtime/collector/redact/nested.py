"""JSON inside a text, as the arguments of a tool call are: looked into like the record itself."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

DEPTH = 50
"""Brackets; a text with a deeper nest is a text."""


class Nested(NamedTuple):
    """An object or a list, and whether a key came twice in it: the text says more than the value then."""

    value: Any
    repeats: bool


def parse(text: str) -> Nested | None:
    """Give the object or list that a whole text is, else None."""
    if text[:1] not in ("{", "["):
        text = text.strip(" \t\r\n")
        if text[:1] not in ("{", "["):
            return None
    if text[-1:] not in "}] \n\t\r":
        return None
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    keys = _keys(value)
    # As many colons as keys: none came twice. Else they may be in texts, and it takes a slower look.
    return None if keys is None else Nested(value, text.count(":") > keys and _repeats(text))


def _repeats(text: str) -> bool:
    found = False

    def note(pairs: Sequence[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) < len(pairs)

    json.loads(text, object_pairs_hook=note)
    return found


def _keys(value: Any) -> int | None:
    """Count the keys; None where the nest is too deep."""
    keys, level = 0, [value]
    for _ in range(DEPTH):
        keys += sum(len(each) for each in level if isinstance(each, dict))
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return keys
    return None
