"""Which records a run judges: drawn uniformly, only eligible ones, the same again in a retry."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.record import RecordError, Sampled
from flow_runtime.evaluator.plan import DRAWS_PER_RECORD, draw, grouped, rounds
from flow_runtime.evaluator.sampling import eligible, take_sample
from flow_runtime.evaluator.window import Window
from flow_runtime.store.keys import SegmentKey, segment_key
from tests.unit.evaluator_parts import BOT, NOW, WINDOW, record, settings, stored


def objects(*rows: int) -> list[SegmentKey]:
    return [segment_key(BOT, NOW, "pod", number, count) for number, count in enumerate(rows, start=1)]


@given(st.lists(st.integers(0, 30), max_size=10), st.integers(1, 50), st.integers(0, 5))
def test_no_row_is_drawn_twice_and_none_that_is_not_there(rows: list[int], wanted: int, seed: int) -> None:
    keys = objects(*rows)
    drawn = draw(keys, wanted, seed)
    there = {(str(key), number) for key in keys for number in range(key.rows)}
    assert len(drawn) == len(set(drawn)) == min(sum(rows), wanted * DRAWS_PER_RECORD)
    assert set(drawn) <= there


def test_every_row_is_drawn_equally_often_whatever_the_size_of_its_object() -> None:
    keys = objects(1, 5, 50, 144)
    runs, wanted = 1000, 20
    counts = Counter(row for seed in range(runs) for row in draw(keys, wanted, seed)[:wanted])
    expected = runs * wanted / 200
    # Chi-squared with 199 degrees of freedom: 99.9 % of uniform draws stay below 268.
    assert sum((counts[row] - expected) ** 2 / expected for row in counts) < 268
    assert len(counts) == 200
    first = counts[str(keys[0]), 0]
    assert abs(first - expected) < 5 * expected**0.5


def test_equal_objects_and_seeds_give_equal_draws_in_whatever_order_they_are_listed() -> None:
    keys = objects(7, 9, 11)
    assert draw(keys, 5, 1) == draw(list(reversed(keys)), 5, 1)
    assert draw(keys, 5, 1) != draw(keys, 5, 2)


@given(st.integers(0, 500), st.integers(1, 60))
def test_rounds_cover_a_draw_once_and_in_order(total: int, wanted: int) -> None:
    rows = [("key", number) for number in range(total)]
    assert [row for part in rounds(rows, wanted) for row in part] == rows


def test_rows_are_grouped_for_one_fetch_of_each_object() -> None:
    found = grouped([("b", 3), ("a", 2), ("b", 1)])
    assert [(each.key, each.rows) for each in found] == [("a", (2,)), ("b", (1, 3))]


async def test_a_run_fetches_only_the_objects_that_it_needs(tmp_path: Path) -> None:
    store = await stored(tmp_path, [record(number) for number in range(100)], per_object=1)
    sample = await take_sample(store, settings(tmp_path, max_records=5), "r1", WINDOW)
    assert len(sample.records) == 5
    assert len(sample.plan.sample) == 5
    assert sample.plan.records == 100


async def test_a_retry_judges_the_same_records_though_more_have_arrived(tmp_path: Path) -> None:
    store = await stored(tmp_path, [record(number) for number in range(60)])
    chosen = settings(tmp_path, max_records=10)
    first = await take_sample(store, chosen, "r1", WINDOW)
    await stored(tmp_path, [record(number) for number in range(500, 600)], per_object=20)
    again = await take_sample(store, chosen, "r1", WINDOW)
    other = await take_sample(store, chosen, "r2", WINDOW)
    assert [each.id for each in again.records] == [each.id for each in first.records]
    assert again.plan == first.plan
    assert [each.id for each in other.records] != [each.id for each in first.records]


async def test_failures_are_passed_over_and_others_drawn_in_their_place(tmp_path: Path) -> None:
    failed = {"error": RecordError(code="SystemError", message="x"), "outputs": None, "status": 502}
    records = [record(number, **(failed if number % 4 else {})) for number in range(200)]
    store = await stored(tmp_path, records)
    sample = await take_sample(store, settings(tmp_path, max_records=40), "r", WINDOW)
    assert len(sample.records) == 40
    assert all(each.error is None for each in sample.records)
    assert sample.plan.passed_over > 0


async def test_lines_that_are_no_records_are_counted_and_passed_over(tmp_path: Path) -> None:
    store = await stored(tmp_path, [record(number) for number in range(5)])
    await store.put(str(segment_key(BOT, NOW, "pod-b", 1, 4)), b"no gzip at all")
    sample = await take_sample(store, settings(tmp_path), "r", WINDOW)
    assert len(sample.records) == 5
    assert sample.plan.unreadable == 4


async def test_an_empty_store_gives_an_empty_sample(tmp_path: Path) -> None:
    sample = await take_sample(await stored(tmp_path, []), settings(tmp_path), "r", WINDOW)
    assert sample.records == ()
    assert sample.plan.records == 0


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"error": RecordError(code="UserError", message="x")}, False),
        ({"outputs": None}, False),
        ({"sampled": Sampled(percent=1, why="error")}, False),
        ({"time": WINDOW.start - timedelta(seconds=1)}, False),
        ({"time": WINDOW.start}, True),
    ],
)
def test_only_answered_records_that_the_rate_kept_stand_for_the_traffic(
    changes: dict[str, object], may: bool
) -> None:
    assert eligible(record(1, **changes), WINDOW) is may


def test_windows_of_scheduled_runs_meet_and_do_not_overlap() -> None:
    first = Window(NOW - timedelta(hours=1), NOW, scheduled=True, listed_until=NOW)
    second = Window(NOW, NOW + timedelta(hours=1), scheduled=True, listed_until=NOW)
    for moment in (NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)):
        assert first.holds(moment) + second.holds(moment) == 1
