"""Stores filled for reading, and readings of them."""

import gzip
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.reading.reader import Reader, Span
from flow_runtime.reading.rows import Row
from flow_runtime.store import Store
from flow_runtime.store.keys import SegmentKey, feedback_key, segment_key
from tests.unit.evaluator_parts import BOT, NOW

HOUR = timedelta(hours=1)
SPAN = Span(NOW - 6 * HOUR, NOW)


def feedback(number: int, **changes: Any) -> Feedback:
    fields: dict[str, Any] = {
        "id": f"feedback-{number}",
        "time": NOW - timedelta(seconds=number),
        "namespace": "shop",
        "deployment": "bot",
        "revision": "0123456789ab",
        "pod": "bot-1",
        "request_id": f"r{number}",
        "feedback": {"score": number},
    }
    return Feedback(**(fields | changes))


def put(
    folder: Path,
    rows: Sequence[Record | Feedback],
    number: int = 1,
    pod: str = "pod-a",
    sealed: datetime = NOW,
    identity: Identity = BOT,
) -> SegmentKey:
    """Store rows as one segment."""
    name = feedback_key if rows and isinstance(rows[0], Feedback) else segment_key
    key = name(identity, sealed, pod, number, len(rows))
    write(folder, key, gzip.compress("".join(row.model_dump_json() + "\n" for row in rows).encode()))
    return key


def write(folder: Path, key: SegmentKey, data: bytes) -> None:
    path = folder / str(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def reader(
    folder: Path, span: Span = SPAN, told: list[str] | None = None, deployments: Sequence[Identity] = (BOT,)
) -> Reader[Record]:
    store = Store.open(StoreSettings(url=folder.as_uri()))
    return Reader(store, deployments, span, Record, (told if told is not None else []).append)


async def read(folder: Path, span: Span = SPAN, told: list[str] | None = None) -> list[Row[Record]]:
    return [row async for row in reader(folder, span, told).rows()]


async def ids(folder: Path, span: Span = SPAN, told: list[str] | None = None) -> list[str]:
    return [row.value.id for row in await read(folder, span, told)]
