"""Which requests are recorded, who asked, and what the collector is told to take out."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.collector.loop import Collector
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.llm.function import FunctionChat
from flow_runtime.patterns.find import KINDS
from flow_runtime.server.recorder import drawn
from flow_runtime.store import Store
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import DAG, FILES, Pod

Make = Callable[..., Any]
WITH_SECRET = DAG.replace("history:", "token: {type: secret, default: none}\n      history:")


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    pods: list[Pod] = []

    async def start(dag: str = DAG, **settings: Any) -> Pod:
        flow = write_flow(tmp_path / "flow", dag, **FILES)
        pod = await Pod(tmp_path, flow, FunctionChat(), **settings).start()
        pods.append(pod)
        return pod

    yield start
    for pod in pods:
        await pod.runtime.close()


def test_the_share_that_is_drawn_is_the_share_that_was_asked_for() -> None:
    ids = [f"{number}".encode() for number in range(20_000)]
    for percent in (1, 10, 50, 99):
        share = sum(drawn(each, percent) for each in ids) / len(ids)
        assert abs(share - percent / 100) < 0.01
    assert not any(drawn(each, 0) for each in ids)
    assert all(drawn(each, 100) for each in ids)


def test_what_is_drawn_at_a_rate_is_drawn_at_each_higher_one() -> None:
    for each in (f"{number}".encode() for number in range(500)):
        assert [drawn(each, percent) for percent in range(101)] == sorted(
            drawn(each, percent) for percent in range(101)
        )


def test_anybody_can_compute_the_draw_from_an_id() -> None:
    digest = hashlib.sha256(b"0192f0c1").hexdigest()
    assert drawn(b"0192f0c1", 50) == (int(digest[:16], 16) / 2**64 < 0.5)


async def test_a_retried_request_is_drawn_or_not_as_it_was_the_first_time(make: Make) -> None:
    pod = await make(sampling_percent=30)
    for _ in range(2):
        for number in range(60):
            await pod.score({"question": "tents"}, {"x-request-id": f"r-{number}"})
    kept = [record["request_id"] for record in await pod.records()]
    assert sorted(kept) == sorted(2 * [f"r-{n}" for n in range(60) if drawn(f"r-{n}".encode(), 30)])


async def test_a_retry_under_an_id_that_is_not_kept_is_drawn_as_the_first_try_was(make: Make) -> None:
    pod = await make(sampling_percent=30)
    sent = [f"jane{number}@example.com" for number in range(60)]
    for each in sent * 2:
        await pod.score({"question": "tents"}, {"x-request-id": each})
    records = await pod.records()
    assert len(records) == 2 * sum(drawn(each.encode(), 30) for each in sent)
    assert all(record["request_id"] == record["id"] for record in records)


async def test_every_failure_is_kept_and_says_why(make: Make) -> None:
    pod = await make(sampling_percent=0)
    await pod.score({"question": "tents"})
    await pod.score({"question": "break"})
    [record] = [Record.model_validate(each) for each in await pod.records()]
    assert (record.sampled.percent, record.sampled.why) == (0, "error")


async def test_every_answer_is_captured_or_counted_as_not_drawn(make: Make) -> None:
    pod = await make(sampling_percent=20)
    for number in range(40):
        await pod.score({"question": "tents" if number % 4 else "break"})
    state = pod.runtime.state().collection
    assert state.captured + state.unsampled == 40
    assert 10 <= state.captured < 40
    assert state.dropped == {}


async def test_a_user_is_taken_from_the_header_that_names_one(make: Make) -> None:
    pod = await make(user="X-User-Id")
    await pod.score({"question": "tents"}, {"x-user-id": "jane"})
    await pod.score({"question": "tents"})
    assert [record["user"] for record in await pod.records()] == ["jane", None]


async def test_no_header_is_recorded_that_nobody_asked_for(make: Make) -> None:
    pod = await make()
    await pod.score({"question": "tents"}, {"x-user-id": "jane"})
    assert [record["user"] for record in await pod.records()] == [None]


async def test_what_a_caller_must_not_find_again_is_in_nothing_that_is_stored(
    make: Make, tmp_path: Path
) -> None:
    pod = await make(WITH_SECRET, user="x-user-id", capture_nodes=("fetch",))
    headers = {"x-user-id": "jane-the-user", "x-request-id": "jane@example.com"}
    await pod.score({"question": "who is jane@example.com, by hunter2222?", "token": "hunter2222"}, headers)
    await pod.score({"question": "break", "token": "hunter2222"}, headers)
    await pod.runtime.close()
    log: list[str] = []
    store, stop = tmp_path / "store", asyncio.Event()
    stop.set()
    policy = Policy(kinds=KINDS, key=b"k" * 32, user="x-user-id")
    opened = StoreSettings(url=store.as_uri())
    collector = Collector(
        pod.spool,
        Identity(namespace="shop", deployment="bot"),
        "pod-1",
        lambda: Store.open(opened),
        lambda: policy,
        lambda *parts, **fields: log.append(f"{parts} {fields}"),
    )
    assert await collector.run(stop, drain_seconds=5)
    [path] = store.rglob("*.gz")
    seen = await Store.open(opened).get(str(path.relative_to(store)))

    lines = gzip.decompress(seen).splitlines()
    assert len(lines) == 2
    everything = b"".join(lines).decode() + "".join(log) + (pod.spool / "collector.json").read_text()
    for secret in ("hunter2222", "jane", "example.com"):
        assert secret not in everything
    assert [set(Record.model_validate_json(line).redacted) for line in lines] == [
        {"email", "secret", "user"},
        {"secret", "user"},
    ]
    metrics = pod.runtime.metrics.exposition().decode()
    assert 'flow_records_redacted_total{kind="secret"}' in metrics
