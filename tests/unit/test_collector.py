"""The collector on a folder: what it stores, counts, gives up and says."""

import asyncio
import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from flow_runtime import spool
from flow_runtime.collector.loop import Collector
from flow_runtime.collector.pack import Packed, pack
from flow_runtime.collector.redact.policy import HashKeyError, Policy, PolicyError
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.spool import CollectorState, SpoolWriter
from flow_runtime.store import Store, StoreRefusedError
from flow_runtime.store.keys import SegmentKey, parse_segment_key

BOT = Identity(namespace="shop", deployment="bot")
NO_POLICY = Policy()
SEALED = datetime(2026, 11, 22, 17, 59, 58, tzinfo=UTC)


def sealed_segment(directory: Path, number: int, data: bytes) -> Path:
    path = directory / f"{number:08d}.jsonl"
    path.write_bytes(data)
    os.utime(path, (SEALED.timestamp(), SEALED.timestamp()))
    return path


def collector(
    directory: Path, store: Path, log: list[str] | None = None, load: Callable[[], Policy] = Policy
) -> Collector:
    opened = StoreSettings(url=store.as_uri())
    seen = log if log is not None else []
    return Collector(
        directory,
        BOT,
        "pod-1",
        lambda: Store.open(opened),
        load,
        lambda _, text, **__: seen.append(text),
    )


def packed(raw: bytes, policy: Policy = NO_POLICY) -> Packed:
    return pack(BytesIO(raw), policy)


def open_segments(directory: Path) -> int:
    return len(list(directory.glob("*.open")))


async def stored_keys(store: Path) -> list[SegmentKey]:
    keys = await Store.open(StoreSettings(url=store.as_uri())).list("default")
    return [key for each in keys if (key := parse_segment_key(each))]


async def drain(directory: Path, store: Path) -> CollectorState:
    stop = asyncio.Event()
    stop.set()
    assert await collector(directory, store).run(stop, drain_seconds=5)
    return spool.read_collector_state(directory)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


async def test_a_sealed_segment_becomes_one_object_and_leaves_the_spool(
    directory: Path, tmp_path: Path
) -> None:
    path = sealed_segment(directory, 3, b'{"a":1}\n{"a":2}\n')
    state = await drain(directory, tmp_path / "store")
    store = Store.open(StoreSettings(url=(tmp_path / "store").as_uri()))
    [key] = await store.list("default")
    assert key == "default/shop/bot/records/date=2026-11-22/hour=17/pod-1-00000003-2.jsonl.gz"
    assert gzip.decompress(await store.get(key)) == b'{"a":1}\n{"a":2}\n'
    assert not path.exists()
    assert (state.stored, state.lost, state.reason, state.last_segment) == (2, 0, "", 3)
    assert state.last_stored is not None
    assert sum(state.put_seconds.counts) == 1


async def test_a_torn_last_line_is_left_out_and_counted_as_lost_and_leaves_no_gap(
    directory: Path, tmp_path: Path
) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n{"a":')
    sealed_segment(directory, 2, b'{"torn')
    sealed_segment(directory, 3, b"")
    state = await drain(directory, tmp_path / "store")
    assert [(key.number, key.rows) for key in await stored_keys(tmp_path / "store")] == [
        (1, 1),
        (2, 0),
        (3, 0),
    ]
    assert (state.stored, state.lost, state.last_segment) == (1, 2, 3)


async def test_what_a_dead_server_left_open_is_sealed_and_stored_at_the_end(
    directory: Path, tmp_path: Path
) -> None:
    (directory / "00000001.open").write_bytes(b'{"a":1}\n')
    state = await drain(directory, tmp_path / "store")
    assert state.stored == 1
    assert open_segments(directory) == 0


async def test_the_open_segment_of_a_living_server_is_left_alone(directory: Path, tmp_path: Path) -> None:
    writer = SpoolWriter(directory)
    writer.append(b"{}")
    state = await drain(directory, tmp_path / "store")
    writer.close()
    assert state.stored == 0
    assert [segment.no for segment in spool.sealed(directory)] == [1]


async def test_a_segment_that_comes_again_after_a_crash_is_stored_under_the_same_name_and_counted_once(
    directory: Path, tmp_path: Path
) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n')
    await drain(directory, tmp_path / "store")
    sealed_segment(directory, 1, b'{"a":1}\n')
    state = await drain(directory, tmp_path / "store")
    assert len(await Store.open(StoreSettings(url=(tmp_path / "store").as_uri())).list("default")) == 1
    assert state.stored == 1


async def test_counts_go_on_where_an_earlier_process_ended(directory: Path, tmp_path: Path) -> None:
    spool.write_collector_state(directory, CollectorState(stored=10, last_segment=4))
    sealed_segment(directory, 5, b"{}\n")
    state = await drain(directory, tmp_path / "store")
    assert (state.stored, state.last_segment) == (11, 5)


async def test_a_store_that_refuses_is_named_in_the_state_and_in_one_log_line(directory: Path) -> None:
    sealed_segment(directory, 1, b"{}\n")
    log: list[str] = []

    def refused() -> Store:
        raise StoreRefusedError("the store's Secret has no key 'access_key_id'")

    stop = asyncio.Event()
    stop.set()
    stuck = Collector(
        directory,
        BOT,
        "pod",
        refused,
        Policy,
        lambda _, text, **__: log.append(text),
    )
    assert await stuck.run(stop, drain_seconds=0.05) is False
    state = spool.read_collector_state(directory)
    assert (state.reason, state.stored) == ("StoreRefused", 0)
    assert "no key 'access_key_id'" in state.message
    assert state.spool_bytes > 0
    assert log.count("records are not being stored") == 1
    assert spool.sealed(directory)


async def test_a_store_that_comes_back_clears_the_reason(directory: Path, tmp_path: Path) -> None:
    away = CollectorState(reason="StoreUnreachable", message="away", failing_since=SEALED)
    spool.write_collector_state(directory, away)
    sealed_segment(directory, 1, b"{}\n")
    state = await drain(directory, tmp_path / "store")
    assert (state.reason, state.message, state.failing_since, state.stored) == ("", "", None, 1)


async def test_a_trouble_that_gets_another_reason_or_outlives_its_collector_is_as_old_as_it_is(
    directory: Path,
) -> None:
    away = CollectorState(reason="StoreUnreachable", message="away", failing_since=SEALED)
    spool.write_collector_state(directory, away)
    sealed_segment(directory, 1, b"{}\n")

    def refused() -> Store:
        raise StoreRefusedError("no such bucket")

    stop = asyncio.Event()
    stop.set()
    stuck = Collector(directory, BOT, "pod", refused, Policy, lambda *_, **__: None)
    assert await stuck.run(stop, drain_seconds=0.05) is False
    state = spool.read_collector_state(directory)
    assert (state.reason, state.failing_since) == ("StoreRefused", SEALED)


def test_the_same_segment_always_gives_the_same_bytes() -> None:
    lines = "".join(json.dumps({"n": n}) + "\n" for n in range(100)).encode()
    assert packed(lines) == packed(lines)
    assert packed(lines).rows == 100
    assert packed(b"") == packed(b"")
    assert packed(b"").rows == 0


async def test_without_a_policy_nothing_is_stored_and_the_state_says_why(
    directory: Path, tmp_path: Path
) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n')

    def load() -> Policy:
        raise PolicyError("collection.redact.patterns: there is no 'faces'")

    stop = asyncio.Event()
    stop.set()
    stuck = collector(directory, tmp_path / "store", load=load)
    assert await stuck.run(stop, drain_seconds=0.05) is False
    state = spool.read_collector_state(directory)
    assert (state.reason, state.stored) == ("RedactionPolicyInvalid", 0)
    assert "faces" in state.message
    assert spool.sealed(directory)
    assert not (tmp_path / "store").exists()


async def test_a_policy_that_is_wrong_is_said_before_the_first_record(
    directory: Path, tmp_path: Path
) -> None:
    def load() -> Policy:
        raise HashKeyError("the Secret hashing is missing")

    stop = asyncio.Event()

    def log(*_: object, **__: object) -> None:
        stop.set()

    opened = StoreSettings(url=(tmp_path / "store").as_uri())
    idle = Collector(directory, BOT, "pod-1", lambda: Store.open(opened), load, log)
    assert await idle.run(stop, 5)
    assert spool.read_collector_state(directory).reason == "HashKeyInvalid"


async def test_what_was_taken_out_is_counted_by_kind(directory: Path, tmp_path: Path) -> None:
    policy = Policy(kinds=("email",))
    for number in (1, 2):
        sealed_segment(directory, number, b'{"inputs":{"q":"ask jane@example.com"}}\n')
    stop = asyncio.Event()
    stop.set()
    assert await collector(directory, tmp_path / "store", load=lambda: policy).run(stop, drain_seconds=5)
    assert spool.read_collector_state(directory).redacted == {"email": 2}


def test_a_line_that_cannot_be_read_is_lost_and_never_stored_as_it_is() -> None:
    done = packed(b'{"a":1}\n{"inputs": jane@example.com}\n[1]\n')
    assert (done.rows, done.lost) == (1, 2)
    assert gzip.decompress(done.data) == b'{"a":1}\n'


async def test_a_policy_that_was_mended_is_said_without_a_record_to_store(
    directory: Path, tmp_path: Path
) -> None:
    problems = [HashKeyError("the Secret hashing is missing")]

    def load() -> Policy:
        if problems:
            raise problems[0]
        return Policy()

    log: list[str] = []
    idle = collector(directory, tmp_path / "store", log, load)
    idle.check_policy()
    assert spool.read_collector_state(directory).reason == "HashKeyInvalid"
    problem = problems.pop()
    idle.check_policy()
    idle.check_policy()
    assert spool.read_collector_state(directory).reason == ""
    assert log == ["records are not being stored", "records are stored again"]
    problems.append(problem)
    idle.check_policy()
    assert spool.read_collector_state(directory).reason == "HashKeyInvalid"


async def test_a_good_policy_does_not_hide_that_the_store_refuses(directory: Path, tmp_path: Path) -> None:
    spool.write_collector_state(directory, CollectorState(reason="StoreRefused", message="no"))
    collector(directory, tmp_path / "store").check_policy()
    assert spool.read_collector_state(directory).reason == "StoreRefused"
