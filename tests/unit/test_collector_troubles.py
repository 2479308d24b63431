"""What goes wrong around a collector: damaged files, clocks, an end without a store."""

import asyncio
import errno
import gzip
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flow_runtime import spool
from flow_runtime.collector.last_words import LastWords
from flow_runtime.collector.loop import Collector
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.contracts.undelivered import Undelivered
from flow_runtime.server.recorder import uuid7
from flow_runtime.spool import CollectorState, SpoolWriter
from flow_runtime.store import Store, StoreUnavailableError
from flow_runtime.store.keys import SegmentKey, parse_segment_key

BOT = Identity(namespace="shop", deployment="bot")
SEALED = datetime(2026, 11, 22, 17, 59, 58, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sealed_segment(directory: Path, number: int, data: bytes, at: datetime = SEALED) -> None:
    path = directory / f"{number:08d}.jsonl"
    path.write_bytes(data)
    os.utime(path, (at.timestamp(), at.timestamp()))


def stored(folder: Path) -> dict[SegmentKey, list[bytes]]:
    found = {}
    for path in folder.rglob("*.jsonl.gz"):
        key = parse_segment_key(path.relative_to(folder).as_posix())
        assert key is not None
        found[key] = gzip.decompress(path.read_bytes()).splitlines()
    return found


async def end(
    directory: Path,
    open_store: Callable[[], Store],
    seconds: float = 5,
    messages: list[bytes] | None = None,
    pod: str = "pod-1",
) -> bool:
    """Run a collector that is told to end at once."""
    stop = asyncio.Event()
    stop.set()
    said = messages if messages is not None else []
    words = LastWords(directory, directory / "feedback", said.append)
    ended = Collector(directory, BOT, pod, open_store, Policy, lambda *_, **__: None, last_words=words)
    return await ended.run(stop, seconds)


def folder_store(folder: Path) -> Callable[[], Store]:
    return lambda: Store.open(StoreSettings(url=folder.as_uri()))


def no_store() -> Store:
    raise StoreUnavailableError("no route to host")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "spool" / "feedback").mkdir(parents=True)
    return tmp_path / "spool"


async def test_a_segment_that_cannot_be_read_is_set_aside_and_those_behind_it_are_stored(
    directory: Path, tmp_path: Path
) -> None:
    (directory / "00000001.jsonl").mkdir()
    sealed_segment(directory, 2, b'{"a":1}\n')
    assert await end(directory, folder_store(tmp_path / "store"))
    state = spool.read_collector_state(directory)
    assert (state.stored, state.lost, state.last_segment, state.reason) == (1, 1, 2, "")
    assert (directory / "00000001.bad").exists()
    assert [key.number for key in stored(tmp_path / "store")] == [2]


async def test_what_is_left_without_a_store_is_in_the_last_message(directory: Path) -> None:
    sealed_segment(directory, 3, b'{"a":1}\n{"a":2}\n')
    (directory / "00000004.open").write_bytes(b'{"a":3}\n{"a":')
    sealed_segment(directory / "feedback", 1, b"{}\n")
    messages: list[bytes] = []
    assert await end(directory, no_store, 0.05, messages) is False
    left = Undelivered.model_validate_json(messages[-1])
    assert (left.records, left.first_segment, left.last_segment, left.feedback) == (4, 3, 4, 1)
    assert left.reason == "StoreUnreachable"
    assert left.counts is not None
    assert (left.counts.captured, left.counts.stored, left.counts.lost) == (4, 0, 0)


async def test_the_message_is_true_after_each_segment_for_one_who_is_killed(
    directory: Path, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        sealed_segment(directory, number, b'{"a":1}\n' * number)
    messages: list[bytes] = []
    assert await end(directory, folder_store(tmp_path / "store"), messages=messages)
    left = [Undelivered.model_validate_json(each) for each in messages]
    assert [each.records for each in left] == [6, 5, 3, 0]
    assert [each.first_segment for each in left] == [1, 2, 3, 0]
    assert [each.reason for each in left] == ["DrainUnfinished"] * 3 + [""]
    assert left[-1].counts is not None
    assert (left[-1].counts.captured, left[-1].counts.stored) == (6, 6)


async def test_a_segment_that_is_stored_and_not_yet_removed_is_not_called_undelivered(
    directory: Path, tmp_path: Path
) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n')
    assert await end(directory, folder_store(tmp_path / "store"))
    sealed_segment(directory, 1, b'{"a":1}\n')  # as one leaves it who is killed right before he removes it
    sealed_segment(directory, 2, b'{"a":2}\n')
    messages: list[bytes] = []
    assert await end(directory, no_store, 0.05, messages) is False
    left = Undelivered.model_validate_json(messages[-1])
    assert (left.records, left.first_segment, left.last_segment) == (1, 2, 2)
    assert left.counts is not None
    assert (left.counts.captured, left.counts.stored) == (2, 1)


def test_of_segments_that_are_set_aside_only_the_last_is_kept(directory: Path) -> None:
    for number in (1, 2):
        sealed_segment(directory, number, b'{"a":1}\n')
        spool.set_aside(spool.sealed(directory)[0])
    assert [path.name for path in directory.glob("*.bad")] == ["00000002.bad"]


async def test_counts_that_a_full_disk_did_not_take_are_written_once_there_is_room(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n')
    replace = os.replace

    def full(*paths: Path) -> None:
        if (directory / "00000001.jsonl").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(os, "replace", full)
    assert await end(directory, folder_store(tmp_path / "store"))
    assert spool.read_collector_state(directory).stored == 1


async def test_a_half_written_object_of_the_same_name_is_replaced(directory: Path, tmp_path: Path) -> None:
    sealed_segment(directory, 1, b'{"a":1}\n')
    assert await end(directory, folder_store(tmp_path / "store"))
    [path] = (tmp_path / "store").rglob("*.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    sealed_segment(directory, 1, b'{"a":1}\n')
    assert await end(directory, folder_store(tmp_path / "store"))
    assert path.read_bytes() == whole


async def test_two_pods_of_one_name_one_after_the_other_share_no_object(tmp_path: Path) -> None:
    for uid in ("uid-a", "uid-b"):
        (tmp_path / uid).mkdir()
        sealed_segment(tmp_path / uid, 1, b'{"pod":"bot-0","of":"%s"}\n' % uid.encode())
        assert await end(tmp_path / uid, folder_store(tmp_path / "store"), pod=uid)
    assert {key.pod: len(lines) for key, lines in stored(tmp_path / "store").items()} == {
        "uid-a": 1,
        "uid-b": 1,
    }


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_clock_that_steps_between_two_tries_gives_one_object(
    step: timedelta, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        sealed_segment(directory, 1, b'{"a":1}\n')
        assert await end(directory, folder_store(tmp_path / "store"))
        now = time.time()
        monkeypatch.setattr("time.time", lambda now=now: now + step.total_seconds())
    [key] = stored(tmp_path / "store")
    assert key.hour == SEALED.replace(minute=0, second=0)
    assert spool.read_collector_state(directory).stored == 1


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_segment_is_as_old_as_it_is_whatever_the_clock_says(
    step: timedelta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path, seal_after_seconds=60)
    writer.append(b"{}")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + step.total_seconds())
    writer.tick()
    assert spool.sealed(tmp_path) == []
    writer.close()


def test_ids_are_unique_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [uuid7() for _ in range(5000)]
    back = time.time_ns() - 3600 * 10**9
    monkeypatch.setattr("time.time_ns", lambda: back)
    assert len({*first, *(uuid7() for _ in range(5000))}) == 10_000


def captured_by(directory: Path, segments: int, last_open: int = 0) -> SpoolWriter:
    """A writer with sealed segments of three records, and some in an open one."""
    writer = SpoolWriter(directory)
    for _ in range(segments):
        for _ in range(3):
            writer.append(b'{"a":1}')
        writer.seal()
    for _ in range(last_open):
        writer.append(b'{"a":1}')
    return writer


@pytest.mark.parametrize("last_open", [0, 2])
@pytest.mark.parametrize("damage", [b"", b"{", b'{"stored": "many"}', b"\xff"])
async def test_a_damaged_state_of_the_collector_is_derived_from_what_was_captured_and_waits(
    damage: bytes, last_open: int, directory: Path, tmp_path: Path
) -> None:
    writer = captured_by(directory, 2)
    assert await end(directory, folder_store(tmp_path / "store"))
    for _ in range(4):
        writer.append(b'{"a":1}')
    writer.seal()
    for _ in range(last_open):
        writer.append(b'{"a":1}')
    (directory / "collector.json").write_bytes(damage)
    assert spool.recovered_state(directory) == CollectorState(stored=6, last_segment=2)
    writer.close()
    assert await end(directory, folder_store(tmp_path / "store"))
    state = spool.read_collector_state(directory)
    assert state.stored + state.lost == writer.counts.captured == 10 + last_open


@pytest.mark.parametrize("damage", [b"", b"{", b'{"captured": -'])
async def test_damaged_counts_of_the_server_are_derived_from_what_was_stored_and_waits(
    damage: bytes, directory: Path, tmp_path: Path
) -> None:
    captured_by(directory, 2).close()
    assert await end(directory, folder_store(tmp_path / "store"))
    (directory / "counts.json").write_bytes(damage)
    writer = captured_by(directory, 1)
    assert (writer.counts.captured, writer.counts.next_segment) == (9, 4)
    writer.close()


def test_the_message_file_holds_the_last_message_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_TERMINATION_LOG", str(tmp_path / "message"))
    words = LastWords(tmp_path, tmp_path / "feedback")
    sealed_segment(tmp_path, 10_000_000, b"{}\n" * 1000)
    long = words.update("StoreUnreachable")
    (tmp_path / "10000000.jsonl").unlink()
    short = words.update()
    assert json.loads((tmp_path / "message").read_text()) == short.model_dump(mode="json")
    assert long.records == 1000
