"""Cuts a field that is too large for a record, and says in it that it was cut."""

from typing import Any

from flow_runtime import json_text

FIELD_BYTES = 256 * 1024
"""Of one input, output, captured node or feedback, as JSON."""
_ROOM = 1024
"""For the marks and the brackets."""


def cut(value: Any) -> tuple[Any, bool]:
    """Shorten a value to FIELD_BYTES, its beginning and types kept; say whether that was needed."""
    size = len(json_text.write(value))
    if size <= FIELD_BYTES:
        return value, False
    return _Knife(FIELD_BYTES - _ROOM, size).cut(value), True


class _Knife:
    """Goes through a value in its order until the room is used up."""

    def __init__(self, room: int, size: int) -> None:
        self._room = room
        self._mark = f"[cut: {size} bytes in all]"

    def cut(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, dict):
            return self._dict(value)
        self._room -= len(json_text.write(value))
        return value

    def _text(self, text: str) -> str:
        written = len(json_text.write(text))
        if written <= self._room:
            self._room -= written
            return text
        # A character is at least one byte and, written as \\u001f, at most six.
        room, self._room = max(0, self._room), 0
        kept = text[:room]
        while (over := len(json_text.write(kept)) - room) > 0 and kept:
            kept = kept[: -max(1, over // 6)]
        return f"{kept} {self._mark}" if kept else self._mark

    def _list(self, items: list[Any]) -> list[Any]:
        kept: list[Any] = []
        for item in items:
            self._room -= 1
            if self._room <= 0:
                return [*kept, self._mark]
            kept.append(self.cut(item))
        return kept

    def _dict(self, items: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in items.items():
            self._room -= len(json_text.write(key)) + 2
            if self._room <= 0:
                return {**kept, "[cut]": self._mark}
            kept[key] = self.cut(item)
        return kept
