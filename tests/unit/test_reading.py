"""Rows read back from a store: all of them, once, in order of time, and what cannot be read is told."""

import gzip
import os
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.reading.feedback import FeedbackBox
from flow_runtime.reading.places import find_deployments
from flow_runtime.reading.reader import Reader, Span
from flow_runtime.reading.rows import Row, rows_of
from flow_runtime.store import Store
from flow_runtime.store.gaps import Gap
from flow_runtime.store.keys import segment_key
from flow_runtime.store.listing import Entry
from tests.unit.evaluator_parts import BOT, NOW, record
from tests.unit.reading_parts import HOUR, SPAN, feedback, ids, put, read, reader, write

MINUTE = timedelta(minutes=1)


async def test_rows_of_many_pods_come_in_order_of_time(tmp_path: Path) -> None:
    rng = random.Random(0)
    pods: dict[str, list[Record]] = {"a": [], "b": [], "c": []}
    for number in reversed(range(300)):
        pods[rng.choice("abc")].append(record(number, time=NOW - number * MINUTE))
    for pod, rows in pods.items():
        for number, start in enumerate(range(0, len(rows), 7), start=1):
            part = rows[start : start + 7]
            # A segment is sealed up to an hour after its first row.
            put(tmp_path, part, number, pod, max(part[-1].time, part[0].time + 50 * MINUTE))
    found = await ids(tmp_path)
    assert found == [f"id-{number:05d}" for number in range(299, 0, -1)]


async def test_only_rows_of_the_span_are_shown_wherever_they_were_filed(tmp_path: Path) -> None:
    span = Span(NOW - HOUR, NOW)
    rows = [record(n, time=NOW + minutes * MINUTE) for n, minutes in enumerate((-61, -60, -30, -1, 0))]
    put(tmp_path, rows, sealed=NOW + HOUR)
    assert await ids(tmp_path, span) == ["id-00001", "id-00002", "id-00003"]


async def test_a_row_that_a_clock_going_back_filed_an_hour_early_is_found(tmp_path: Path) -> None:
    put(tmp_path, [record(1, time=NOW - MINUTE)], sealed=NOW - 90 * MINUTE)
    assert await ids(tmp_path, Span(NOW - 35 * MINUTE, NOW)) == ["id-00001"]


async def test_objects_that_were_written_before_the_span_are_not_fetched(tmp_path: Path) -> None:
    old, new = (put(tmp_path, [record(n)], n, sealed=NOW) for n in (1, 2))
    os.utime(tmp_path / str(old), times=((NOW - HOUR).timestamp(),) * 2)
    os.utime(tmp_path / str(new), times=((NOW - 34 * MINUTE).timestamp(),) * 2)
    (tmp_path / str(old)).write_bytes(b"unreadable")
    os.utime(tmp_path / str(old), times=((NOW - HOUR).timestamp(),) * 2)
    told: list[str] = []
    reading = reader(tmp_path, Span(NOW - 30 * MINUTE, NOW), told)
    assert [row.value.id async for row in reading.rows()] == ["id-00002"]
    assert (told, reading.progress.found, reading.gaps) == ([], 1, ())


async def test_a_row_that_is_stored_twice_is_shown_once(tmp_path: Path) -> None:
    put(tmp_path, [record(1), record(2)], 1)
    put(tmp_path, [record(2), record(3)], 1, "pod-b")
    assert sorted(await ids(tmp_path)) == ["id-00001", "id-00002", "id-00003"]


async def test_a_segment_that_is_missing_is_a_gap_and_one_without_rows_is_not(tmp_path: Path) -> None:
    for number in (3, 5, 8):
        put(tmp_path, [record(number)], number, sealed=NOW - HOUR)
    put(tmp_path, [], 4)
    put(tmp_path, [], 7)
    reading = reader(tmp_path)
    assert len([row async for row in reading.rows()]) == 3
    assert reading.gaps == (Gap("default/shop/bot", "pod-a", 6, 6),)


async def test_objects_that_cannot_be_read_are_told_by_name_and_hide_no_other(tmp_path: Path) -> None:
    whole = gzip.compress("".join(record(n).model_dump_json() + "\n" for n in range(400)).encode(), 0)
    keys = [segment_key(BOT, NOW, "pod", number, 400) for number in range(1, 6)]
    for key, data in zip(keys, (b"", b"no gzip", whole[: len(whole) // 2], whole[:-1], whole), strict=True):
        write(tmp_path, key, data)
    told: list[str] = []
    assert len(await ids(tmp_path, told=told)) == 400
    assert told[:2] == [
        f"{keys[0]} is cut off: 0 of 400 rows can be read",
        f"{keys[1]} is damaged: 0 of 400 rows can be read",
    ]
    assert told[2] == f"{keys[2]} is damaged: 200 of 400 rows can be read"
    assert told[3:] == [f"{keys[3]} is damaged: 400 of 400 rows can be read"]


async def test_an_object_whose_bytes_changed_is_told_and_ends_nothing(tmp_path: Path) -> None:
    key = put(tmp_path, [record(number) for number in range(200)])
    data = bytearray((tmp_path / str(key)).read_bytes())
    for at in range(100, len(data), 97):
        data[at] ^= 0xFF
    (tmp_path / str(key)).write_bytes(data)
    put(tmp_path, [record(500)], 2)
    told: list[str] = []
    assert "id-00500" in await ids(tmp_path, told=told)
    assert told
    assert all(each.startswith(str(key)) for each in told)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b"[1]",
        b'{"v": 2}',
        b"\xff\xfe",
        b'{"torn": "li',
        b"[" * 100_000,
        record(1).model_dump_json().encode()[:-20],
        record(1).model_dump_json().replace('"time":"', '"time":"0').encode(),
        record(1).model_dump_json().replace("2026-11-22T18:29:58Z", "9999-12-31T23:59:59-14:00").encode(),
    ],
)
def test_a_line_that_is_no_record_is_counted_and_the_others_are_read(line: bytes) -> None:
    told: list[str] = []
    key = segment_key(BOT, NOW, "pod", 1, 3)
    good = [record(n).model_dump_json().encode() for n in (1, 2)]
    found = list(rows_of(key, gzip.compress(b"\n".join([good[0], line, good[1], b""])), Record, told.append))
    assert [row.line for row in found] == good
    assert told == [f"{key}: 1 of 3 lines cannot be read as record"]


@pytest.mark.parametrize(
    "value",
    ["x" * 2**20, "\u2028\x00\x1b[2J\u202e🏕️é", [[[{"a": [1e308, 10**30, None]}]]], {"": {"\n": "\n"}}],
    ids=["a mebibyte", "odd characters", "nesting", "odd keys"],
)
def test_any_value_reads_back_as_the_bytes_it_is_stored_as(value: object) -> None:
    told: list[str] = []
    line = record(1, outputs={"reply": value}).model_dump_json().encode()
    (row,) = rows_of(segment_key(BOT, NOW, "p", 1, 1), gzip.compress(line + b"\n"), Record, told.append)
    assert (row.line, told) == (line, [])
    assert row.value.outputs == {"reply": value}


def test_a_number_that_is_none_is_read_from_foreign_lines() -> None:
    line = record(1, outputs={"score": 0.5}).model_dump_json().replace("0.5", "NaN").encode()
    (row,) = rows_of(segment_key(BOT, NOW, "p", 1, 1), gzip.compress(line + b"\n"), Record, print)
    assert row.line == line


@given(st.binary(max_size=300), st.booleans())
def test_no_object_whatever_raises(data: bytes, packed: bool) -> None:
    told: list[str] = []
    content = gzip.compress(data) if packed else data
    assert list(rows_of(segment_key(BOT, NOW, "p", 1, 2), content, Record, told.append)) == []
    assert told


async def test_deployments_are_found_from_any_place_above_them(tmp_path: Path) -> None:
    other = Identity(cluster="prod", namespace="shop", deployment="feedback")
    put(tmp_path / "store", [record(1)])
    put(tmp_path / "store", [record(1)], identity=other)
    (tmp_path / "store/prod/shop/feedback/evaluations").mkdir()
    root = (tmp_path / "store").as_uri()
    for below, found in (
        ("", (BOT, other)),
        ("/", (BOT, other)),
        ("/prod", (other,)),
        ("/prod/shop", (other,)),
        ("/prod/shop/feedback/", (other,)),
        ("/prod/none", ()),
    ):
        url, deployments = await find_deployments(Store.open(StoreSettings(url=root + below)))
        assert deployments == found, below
        assert url == root or not found


@pytest.mark.parametrize("foreign", ["", "my team/shop/bot", "a/b/c/d"])
async def test_what_other_programs_call_records_is_no_deployment(tmp_path: Path, foreign: str) -> None:
    put(tmp_path, [record(1)])
    (tmp_path / foreign / "records/date=2026-11-22").mkdir(parents=True)
    objects = Store.open(StoreSettings(url=tmp_path.as_uri()))
    objects.url = "s3://bucket"
    assert await find_deployments(objects) == ("s3://bucket", (BOT,))


async def test_a_span_of_years_lists_only_the_days_that_are_there(tmp_path: Path) -> None:
    put(tmp_path, [record(1)])
    listed: list[str] = []

    class Counting(Store):
        def pages(self, prefix: str) -> AsyncIterator[Sequence[Entry]]:
            listed.append(prefix)
            return super().pages(prefix)

    store = Counting.open(StoreSettings(url=tmp_path.as_uri()))
    reading = Reader(store, [BOT], Span(NOW - 9000 * 24 * HOUR, NOW), Record, listed.append)
    assert [row.value.id async for row in reading.rows()] == ["id-00001"]
    assert 1 <= len(listed) <= 24


async def test_feedback_joins_its_record_by_request_or_trace_and_else_stands_alone() -> None:
    box = FeedbackBox()
    given = [
        feedback(1),
        feedback(2, request_id=None, trace_id="t2"),
        feedback(3, request_id=None),
        feedback(1, id="other-bot", deployment="other"),
    ]
    for each in given:
        box.add(Row(each.time, each, b"{}"))
    assert [row.value.id for row in box.of(record(1))] == ["feedback-1"]
    assert [row.value.id for row in box.of(record(7, trace_id="t2"))] == ["feedback-2"]
    assert [row.value.id for row in box.of(record(8, trace_id="t2", request_id="r1"))] == [
        "feedback-1",
        "feedback-2",
    ]
    assert [row.value.id for row in box.alone()] == ["feedback-3", "other-bot"]


def test_feedback_that_memory_has_no_room_for_is_counted() -> None:
    box = FeedbackBox(limit=25)
    for number in range(4):
        box.add(Row(NOW, feedback(number), b"0123456789"))
    assert (box.left_out, len(list(box.alone()))) == (2, 2)


async def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    naive = datetime(2026, 11, 22, 18)  # noqa: DTZ001 - what is meant
    put(tmp_path, [record(1, time=naive)])
    (row,) = await read(tmp_path, SPAN)
    assert row.time == naive.replace(tzinfo=UTC)
