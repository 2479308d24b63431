"""The spool: whole lines only, numbers never used twice, bounded, counts that survive a crash."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flow_runtime.spool import (
    CollectorState,
    Counts,
    SpoolWriter,
    read_collector_state,
    read_counts,
    seal_leftovers,
    sealed,
    write_collector_state,
)
from flow_runtime.spool.files import seal_all


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def crash(writer: SpoolWriter) -> None:
    """End a writer as SIGKILL does: the kernel closes its files, and it saves nothing."""
    for fd in (writer._fd, writer._lock):
        if fd >= 0:
            os.close(fd)
    if writer._file is not None:
        writer._file.close()
    writer._fd = writer._lock = -1
    writer._file = None


def contents(directory: Path) -> list[tuple[int, bytes]]:
    return [(segment.no, segment.path.read_bytes()) for segment in sealed(directory)]


def test_records_are_lines_of_a_segment_that_is_sealed_on_close(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    assert writer.append(b'{"a":1}')
    assert writer.append(b'{"a":2}')
    assert sealed(tmp_path) == []
    writer.close()
    assert contents(tmp_path) == [(1, b'{"a":1}\n{"a":2}\n')]
    assert read_counts(tmp_path) == Counts(captured=2, next_segment=2)


def test_a_segment_is_sealed_by_size(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, seal_mib=20 / 2**20)
    for _ in range(5):
        writer.append(b"x" * 9)
    assert [segment.no for segment in sealed(tmp_path)] == [1, 2]
    assert all(segment.size == 20 for segment in sealed(tmp_path))


def test_a_segment_is_sealed_by_age(tmp_path: Path) -> None:
    clock = Clock()
    writer = SpoolWriter(tmp_path, seal_after_seconds=10, clock=clock)
    writer.append(b"a")
    clock.now += 9.9
    writer.tick()
    assert sealed(tmp_path) == []
    clock.now += 0.1
    writer.tick()
    assert contents(tmp_path) == [(1, b"a\n")]


def test_nothing_is_sealed_while_there_is_nothing(tmp_path: Path) -> None:
    clock = Clock()
    writer = SpoolWriter(tmp_path, clock=clock)
    clock.now += 60
    writer.tick()
    writer.close()
    assert sealed(tmp_path) == []


def test_numbers_go_on_after_everything_was_taken_away(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        writer = SpoolWriter(tmp_path)
        writer.append(b"a")
        writer.close()
        [segment] = sealed(tmp_path)
        assert segment.no == expected
        segment.path.unlink()


def test_numbers_go_on_after_a_crash_even_if_the_counts_are_gone(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"a")
    crash(writer)
    (tmp_path / "counts.json").write_text("{broken")
    writer = SpoolWriter(tmp_path)
    writer.append(b"b")
    writer.close()
    assert contents(tmp_path) == [(1, b"a\n"), (2, b"b\n")]


def test_a_number_is_not_used_again_when_the_collector_took_the_segment_before_the_restart(
    tmp_path: Path,
) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"a")
    crash(writer)
    assert seal_leftovers(tmp_path) == 1
    sealed(tmp_path)[0].path.unlink()
    writer = SpoolWriter(tmp_path)
    writer.append(b"b")
    writer.close()
    assert [segment.no for segment in sealed(tmp_path)] == [2]


def test_records_that_no_saved_count_knows_are_counted_after_a_crash(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    for _ in range(3):
        writer.append(b"a")
    crash(writer)
    assert read_counts(tmp_path).captured == 0
    assert SpoolWriter(tmp_path).counts.captured == 3


def test_records_that_the_collector_stored_are_counted_after_a_crash(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    for _ in range(3):
        writer.append(b"a")
    crash(writer)
    seal_leftovers(tmp_path)
    sealed(tmp_path)[0].path.unlink()
    write_collector_state(tmp_path, CollectorState(stored=3))
    assert SpoolWriter(tmp_path).counts.captured == 3


def test_drops_are_counted_after_a_crash(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, size_mib=1)
    while writer.append(b"x" * 100_000):
        pass
    writer.drop("no_json")
    crash(writer)
    assert SpoolWriter(tmp_path).counts.dropped == {"spool_full": 1, "no_json": 1}


def test_a_leftover_is_counted_even_if_the_collector_takes_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)
    for _ in range(3):
        writer.append(b"a")
    crash(writer)

    def seal_and_take(directory: Path) -> int:
        done = seal_all(directory)
        for segment in sealed(directory):
            segment.path.unlink()
        return done

    monkeypatch.setattr("flow_runtime.spool.counts.seal_all", seal_and_take)
    assert SpoolWriter(tmp_path).counts.captured == 3


def test_a_leftover_that_waits_for_the_store_is_counted_once_however_often_the_writer_crashes(
    tmp_path: Path,
) -> None:
    writer = SpoolWriter(tmp_path)
    for _ in range(3):
        writer.append(b"a")
    crash(writer)
    for _ in range(3):
        writer = SpoolWriter(tmp_path)
        writer.tick()
        crash(writer)
    assert SpoolWriter(tmp_path).counts.captured == 3


def test_a_full_volume_has_room_for_the_counts(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    size = (tmp_path / "counts.json").stat().st_size
    writer.append(b"a")
    for reason in ("spool_full", "write_failed", "no_json"):
        for _ in range(3):
            writer.drop(reason)
    assert (tmp_path / "counts.json").stat().st_size == size


def test_a_torn_line_of_a_dead_writer_stays_for_the_collector_to_count(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"whole")
    os.write(writer._fd, b'{"torn": ')
    crash(writer)
    writer = SpoolWriter(tmp_path)
    assert contents(tmp_path) == [(1, b'whole\n{"torn": ')]
    assert writer.counts.captured == 2


def test_a_leftover_without_a_line_is_sealed_too_so_that_its_number_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "00000007.open").write_bytes(b"")
    writer = SpoolWriter(tmp_path)
    assert contents(tmp_path) == [(7, b"")]
    assert (writer.counts.captured, writer.counts.next_segment) == (0, 8)
    writer.close()


def test_leftovers_are_left_to_a_writer_that_lives(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"a")
    assert seal_leftovers(tmp_path) == 0
    crash(writer)
    assert seal_leftovers(tmp_path) == 1
    assert contents(tmp_path) == [(1, b"a\n")]


def test_a_second_writer_is_refused_and_drops(tmp_path: Path) -> None:
    first = SpoolWriter(tmp_path)
    second = SpoolWriter(tmp_path)
    assert not second.append(b"a")
    assert "another server" in second.problem
    assert second.counts.dropped == {"write_failed": 1}
    first.close()


def test_a_full_spool_drops_the_newest_and_counts_it(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, size_mib=1)
    line = b"x" * 100_000
    written = [writer.append(line) for _ in range(12)]
    assert written == [True] * 8 + [False] * 4
    assert writer.counts.dropped == {"spool_full": 4}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 0.8 * 1024 * 1024


def test_there_is_room_again_once_the_collector_took_something(tmp_path: Path) -> None:
    clock = Clock()
    writer = SpoolWriter(tmp_path, size_mib=1, clock=clock)
    while writer.append(b"x" * 100_000):
        pass
    for segment in sealed(tmp_path):
        segment.path.unlink()
    clock.now += 1
    assert writer.append(b"x" * 100_000)


def test_a_folder_that_cannot_be_written_drops_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    writer = SpoolWriter(folder)
    assert not writer.append(b"a")
    assert writer.counts.dropped == {"write_failed": 1}
    folder.mkdir()
    writer.tick()
    assert writer.append(b"b")
    assert writer.problem == ""
    writer.close()
    counts = read_counts(folder)
    assert (counts.captured, counts.dropped, counts.next_segment) == (1, {"write_failed": 1}, 2)


def test_counts_are_saved_at_most_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    writer = SpoolWriter(tmp_path, clock=clock)
    writer.append(b"a")
    writer.append(b"b")
    clock.now += 0.5
    writer.tick()
    assert read_counts(tmp_path).captured == 0
    clock.now += 0.5
    writer.tick()
    assert read_counts(tmp_path).captured == 2


def test_drops_and_requests_that_were_not_drawn_outlive_a_crash_to_the_last_one(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, clock=Clock())
    for number in range(3):
        writer.pass_over()
        writer.drop("no_json")
        assert read_counts(tmp_path).unsampled == number + 1
    crash(writer)
    counts = SpoolWriter(tmp_path).counts
    assert (counts.unsampled, counts.dropped) == (3, {"no_json": 3})
    assert counts.drops is not None
    assert (counts.drops.reason, counts.drops.count) == ("no_json", 3)


def test_drops_after_five_minutes_of_peace_are_another_trouble(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    before = datetime.now(UTC) - timedelta(minutes=6)
    writer.drop("spool_full")
    first = writer.counts.drops
    assert first is not None
    assert first.recent(first.last + timedelta(minutes=4))
    assert not first.recent(first.last + timedelta(minutes=5))
    writer.close()
    long_ago = first.model_copy(update={"since": before, "last": before})
    kept = read_counts(tmp_path).model_copy(update={"drops": long_ago})
    (tmp_path / "counts.json").write_text(kept.model_dump_json())
    writer = SpoolWriter(tmp_path)
    assert writer.counts.drops == long_ago
    for _ in range(2):
        writer.drop("write_failed")
    assert writer.counts.drops is not None
    assert (writer.counts.drops.count, writer.counts.drops.reason) == (2, "write_failed")
    assert writer.counts.drops.since > before
    writer.close()


def test_the_state_of_the_collector_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = CollectorState(stored=5, lost=1, reason="StoreUnreachable", message="no route")
    write_collector_state(tmp_path, state)
    assert read_collector_state(tmp_path) == state


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"stored": "many"}'])
def test_a_state_that_cannot_be_read_counts_as_none(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "collector.json").write_bytes(content)
    assert read_collector_state(tmp_path) == CollectorState()


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    for name in ("notes.jsonl", "0000001.jsonl", "abcdefgh.jsonl", "00000001.jsonl.gz"):
        (tmp_path / name).write_bytes(b"x\n")
    assert sealed(tmp_path) == []
