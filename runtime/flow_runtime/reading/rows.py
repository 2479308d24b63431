"""From the bytes of an object to its rows; what cannot be read is told, never raised. Pure."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar, cast

from pydantic import ValidationError

from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.store.keys import SegmentKey

LINE_LIMIT = 64 * 1024 * 1024
"""Bytes of a line. The largest request is smaller; an object that unpacks to more is none of ours."""

Tell = Callable[[str], None]
"""Takes a sentence about something that cannot be read; it begins with the object's name."""
Value = TypeVar("Value", bound=Record | Feedback)


@dataclass(frozen=True, slots=True)
class Row(Generic[Value]):
    """A line of an object: when, what, and its bytes as they are stored (without the line feed)."""

    time: datetime
    """UTC."""
    value: Value
    line: bytes


def rows_of(key: SegmentKey, data: bytes, kind: type[Value], tell: Tell) -> Iterator[Row[Value]]:
    """Unpack line by line, so that an object in memory is never larger than it is in the store."""
    lines = bad = 0
    damaged = ""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        try:
            while line := packed.readline(LINE_LIMIT):
                if not line.endswith(b"\n"):
                    damaged = "cut off"
                    break
                lines += 1
                row = _row(line[:-1], kind)
                if row is None:
                    bad += 1
                else:
                    yield row
        except (OSError, EOFError, zlib.error):
            damaged = "damaged"
    if damaged or lines < key.rows:
        tell(f"{key} is {damaged or 'cut off'}: {lines} of {key.rows} rows can be read")
    if bad:
        tell(f"{key}: {bad} of {lines} lines cannot be read as {kind.__name__.lower()}")


def _row(line: bytes, kind: type[Value]) -> Row[Value] | None:
    try:
        value = cast("Value", kind.model_validate_json(line))
        time = value.time if value.time.tzinfo else value.time.replace(tzinfo=UTC)
        return Row(time.astimezone(UTC), value, line)
    except (ValidationError, OverflowError):  # a year that no calendar has
        return None
