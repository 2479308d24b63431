"""What the benchmarks say of growth and of differences, from figures whose answer is known."""

import random

import pytest

from tests.bench.collection_report import DISK, DOWN, FULL, OFF, ON, Costs, Window
from tests.bench.pages import fill
from tests.soak.trend import trend

EVERY_10_S = [10.0 * number for number in range(180)]


def test_a_line_has_its_slope_per_hour_and_no_doubt() -> None:
    found = trend(EVERY_10_S, [40 + 6 * at / 3600 for at in EVERY_10_S])
    assert found.slope == pytest.approx(6)
    assert found.margin == pytest.approx(0, abs=1e-6)
    assert found.grows
    assert found.last_third - found.first_third == pytest.approx(2, abs=0.1)


def test_a_buffer_that_fills_and_empties_is_no_growth() -> None:
    found = trend(EVERY_10_S, [40 + at % 60 / 10 for at in EVERY_10_S])
    assert not found.grows
    assert found.most == 45


def test_the_interval_holds_the_slope_behind_noise_about_as_often_as_it_says() -> None:
    chance = random.Random(0)
    held = 0
    for _ in range(400):
        found = trend(EVERY_10_S, [40 + 3 * at / 3600 + chance.gauss(0, 1) for at in EVERY_10_S])
        held += abs(found.slope - 3) <= found.margin
    assert 0.92 <= held / 400 <= 0.98


def test_three_minutes_are_too_few() -> None:
    with pytest.raises(ValueError, match="4 minutes"):
        trend(EVERY_10_S[:18], [40.0] * 18)


def test_differences_are_taken_within_a_round_and_a_slow_round_does_not_count() -> None:
    plain, slow = [1.0, 9.0, 1.1], 0.2
    windows = [Window(OFF, number, 1000, p99 / 2, p99) for number, p99 in enumerate(plain)]
    for key in (ON, DISK, DOWN, FULL):
        windows += [Window(key, number, 1000, p99 / 2, p99 + slow) for number, p99 in enumerate(plain)]
    costs = Costs("a machine", 0.0, 64, 50, 10, windows, {ON: 0, DISK: 0, DOWN: 0, FULL: 7})
    assert costs.added(ON, "p99") == pytest.approx([0.2, 0.2, 0.2])
    assert costs.met(ON)
    assert "+0.20 (+0.20 to +0.20)" in costs.report()


def test_a_page_keeps_all_that_is_not_between_its_marks() -> None:
    page = "before\n<!-- figures: make x -->\nold\n<!-- end of figures -->\nafter\n"
    filled = fill(page, "figures: make x", "new")
    assert filled == page.replace("old", "new")
    with pytest.raises(ValueError, match="no place"):
        fill(page, "other: make x", "new")
