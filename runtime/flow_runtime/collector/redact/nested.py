"""JSON inside a text, as the arguments of a tool call are: looked into like the record itself."""

from typing import Any

import orjson

DEPTH = 50
"""Brackets; a text with a deeper nest is a text."""


def parse(text: str) -> Any:
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
    return value if _shallow(value) else None


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return False
