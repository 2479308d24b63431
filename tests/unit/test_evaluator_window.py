"""Names and windows of runs: scheduled, by hand, and without a Job."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flow_runtime.evaluator.window import run_id, scheduled_time, window_of
from tests.unit.evaluator_parts import NOW, settings

DUE = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
MINUTES = int(DUE.timestamp() // 60)


def test_a_scheduled_run_ends_at_its_due_time_minus_the_offset() -> None:
    window = window_of(
        settings(Path("/s"), offset_seconds=600, lookback_seconds=3600), f"weekly-{MINUTES}", NOW
    )
    assert window.scheduled
    assert window.end == DUE - timedelta(minutes=10)
    assert window.start == window.end - timedelta(hours=1)
    assert window.listed_until > NOW


def test_a_run_by_hand_ends_now_and_has_no_offset() -> None:
    window = window_of(settings(Path("/s"), offset_seconds=600), "try-it", NOW)
    assert not window.scheduled
    assert window.end == NOW
    assert window.holds(NOW + timedelta(seconds=3))


@pytest.mark.parametrize(
    "job",
    [
        "",
        "weekly",
        "weekly-",
        "weekly-now",
        "weekly-1234567",
        "weekly-20261122",
        f"weekly-{MINUTES}-x",
        f"other-{MINUTES}",
        f"weekly-2-{MINUTES}",
        f"weekly-{MINUTES + 7 * 24 * 60}",
        "weekly-99999999999999999999",
    ],
)
def test_any_other_job_is_a_run_by_hand(job: str) -> None:
    assert scheduled_time("weekly", job, NOW) is None


def test_a_retry_of_a_job_is_the_same_run() -> None:
    chosen = settings(Path("/s"))
    uid = "8f14e45f-ceea-467f-a83c-2f4b5c1d2e3f"
    assert run_id(chosen, "weekly-29384756", uid, NOW) == "weekly-29384756-8f14e45f"
    assert run_id(chosen, "weekly-29384756", uid, NOW + timedelta(minutes=5)) == "weekly-29384756-8f14e45f"


def test_without_a_job_the_time_names_the_run() -> None:
    assert run_id(settings(Path("/s")), "", "", NOW) == "weekly-20261122T183000Z"
