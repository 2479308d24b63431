"""Numbers of segments that are missing: lost, and not just cut off by the window."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.store.gaps import Gap, gaps
from flow_runtime.store.keys import SegmentKey, segment_key
from tests.unit.evaluator_parts import BOT, NOW

HOME = "default/shop/bot"


def key(number: int, pod: str = "pod-a", hours: int = 0) -> SegmentKey:
    return segment_key(BOT, NOW + timedelta(hours=hours), pod, number, 5)


def test_numbers_in_a_row_have_no_gap_whatever_their_order() -> None:
    assert gaps([key(number) for number in (9, 7, 8)]) == ()


def test_what_is_missing_between_two_segments_is_a_gap() -> None:
    found = gaps([key(number) for number in (3, 4, 6, 10, 11)])
    assert found == (Gap(HOME, "pod-a", 5, 5), Gap(HOME, "pod-a", 7, 9))
    assert [each.segments for each in found] == [1, 3]
    assert [str(each) for each in found] == [
        "pod pod-a: segment 5 is missing",
        "pod pod-a: segments 7-9 are missing",
    ]


def test_a_segment_of_no_rows_is_there() -> None:
    assert gaps([key(1), segment_key(BOT, NOW, "pod-a", 2, 0), key(3)]) == ()


def test_what_a_window_or_retention_cuts_off_is_no_gap() -> None:
    assert gaps([key(500), key(501)]) == ()
    assert gaps([]) == ()


def test_pods_are_counted_by_themselves_even_with_one_name_in_two_deployments() -> None:
    other = SegmentKey("default/shop/other", key(1).hour, "pod-a", 2, 1)
    assert gaps([key(1), other, key(3)]) == (Gap(HOME, "pod-a", 2, 2),)
    assert gaps([key(1, "pod-a"), key(3, "pod-b")]) == ()


def test_a_clock_that_went_back_makes_no_gap() -> None:
    assert gaps([key(1), key(2, hours=1), key(3), key(4, hours=1)]) == ()


@given(st.sets(st.integers(1, 99_999_999), min_size=1, max_size=50))
def test_stored_and_missing_segments_are_all_there_ever_were(stored: set[int]) -> None:
    missing = gaps(key(number) for number in stored)
    assert len(stored) + sum(each.segments for each in missing) == max(stored) - min(stored) + 1
    assert not any(each.first <= number <= each.last for each in missing for number in stored)
