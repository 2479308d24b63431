"""Records, settings and judges that the evaluator's tests share."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from flow_runtime.collector.pack import pack
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.contracts.record import Record, Sampled, TokenCount
from flow_runtime.contracts.settings import (
    ConnectionSettings,
    ConnectionType,
    EvaluatorSettings,
    Identity,
    JudgeSettings,
    Mapping,
    MetricSettings,
    StoreSettings,
)
from flow_runtime.evaluator.material import Message
from flow_runtime.evaluator.provider import Reply
from flow_runtime.evaluator.window import Window
from flow_runtime.store import Store
from flow_runtime.store.keys import segment_key

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
BOT = Identity(namespace="shop", deployment="bot")
WINDOW = Window(NOW - timedelta(hours=6), NOW, scheduled=False, listed_until=NOW + timedelta(hours=1))
METRICS = ("groundedness", "relevance", "coherence", "fluency")


def record(number: int, **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "id": f"id-{number:05d}",
        "time": NOW - timedelta(seconds=number + 1),
        "namespace": "shop",
        "deployment": "bot",
        "revision": "0123456789ab",
        "pod": "bot-1",
        "request_id": f"r{number}",
        "inputs": {"query": f"How much is number {number}?"},
        "outputs": {
            "reply": f"Number {number} costs {number} dollars.",
            "docs": [f"{number}: {number} dollars"],
        },
        "status": 200,
        "latency_ms": 12.5,
        "tokens": TokenCount(prompt=10, completion=5),
        "sampled": Sampled(),
    }
    return Record(**(fields | changes))


def settings(folder: Path, metrics: Sequence[str] = METRICS, **changes: Any) -> EvaluatorSettings:
    connection = ConnectionSettings(name="judge", type=ConnectionType.OPENAI, directory=folder / "judge")
    fields: dict[str, Any] = {
        "identity": BOT,
        "monitor": "weekly",
        "store": StoreSettings(url=folder.as_uri()),
        "lookback_seconds": 6 * 3600,
        "mapping": Mapping(prompt="inputs.query", completion="outputs.reply", context="outputs.docs"),
        "judge": JudgeSettings(connection=connection, model="judge-1", max_attempts=3),
        "metrics": tuple(MetricSettings(name=name) for name in metrics),
    }
    return EvaluatorSettings(**(fields | changes))


async def stored(folder: Path, records: Sequence[Record], per_object: int = 50) -> Store:
    """Put records where a collector would, in objects of a few rows."""
    store = Store.open(StoreSettings(url=folder.as_uri()))
    for number, start in enumerate(range(0, len(records), per_object), start=1):
        part = records[start : start + per_object]
        packed = pack(BytesIO("".join(each.model_dump_json() + "\n" for each in part).encode()), Policy())
        await store.put(str(segment_key(BOT, part[0].time, "pod-a", number, packed.rows)), packed.data)
    return store


def reply(score: object, reason: str = "Because.", quotes: Sequence[tuple[str, str]] = ()) -> Reply:
    answer = {
        "reason": reason,
        "quotes": [{"text": text, "where": where} for text, where in quotes],
        "score": score,
    }
    return Reply(json.dumps(answer), model="judge-1-0601", tokens=TokenCount(prompt=100, completion=20))


def sound(
    answer: Callable[[Sequence[Message]], Reply], probes: int = 1
) -> Callable[[Sequence[Message]], Reply]:
    """Make a judge that lets no probe pass, and answers for all else as told."""

    def judge(messages: Sequence[Message]) -> Reply:
        return reply(probes) if "Alder backpack" in messages[1]["content"] else answer(messages)

    return judge
