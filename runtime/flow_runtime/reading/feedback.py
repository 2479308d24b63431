"""Finds what users said of an answer: by the request's id, or by the trace it was part of."""

from collections.abc import Iterator

from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.reading.rows import Row

HELD_BYTES = 64 * 1024 * 1024
"""Feedback is held in memory while records are streamed past it; more than this is not."""


class FeedbackBox:
    """The feedback of a reading."""

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._free = limit
        self._rows: list[Row[Feedback]] = []
        self._by_name: dict[tuple[str, str, str, str], list[int]] = {}
        self._joined: set[int] = set()
        self.left_out = 0
        """Rows that there was no room for."""

    def add(self, row: Row[Feedback]) -> None:
        """Take one in; they come in order of time."""
        self._free -= len(row.line)
        if self._free < 0:
            self.left_out += 1
            return
        number = len(self._rows)
        self._rows.append(row)
        for name in _names(row.value):
            self._by_name.setdefault(name, []).append(number)

    def of(self, record: Record) -> list[Row[Feedback]]:
        """List what was said of a record; that of a trace stands at each record of it."""
        numbers = sorted({number for name in _names(record) for number in self._by_name.get(name, ())})
        self._joined.update(numbers)
        return [self._rows[number] for number in numbers]

    def alone(self) -> Iterator[Row[Feedback]]:
        """Give what belongs to no record that was asked about."""
        return (row for number, row in enumerate(self._rows) if number not in self._joined)


def _names(value: Record | Feedback) -> Iterator[tuple[str, str, str, str]]:
    for kind, text in (("request", value.request_id), ("trace", value.trace_id)):
        if text:
            yield value.namespace, value.deployment, kind, text
