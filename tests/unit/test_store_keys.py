"""Names of objects: built, parsed, and the partitions of a window."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.settings import Identity
from flow_runtime.store.keys import (
    FEEDBACK,
    deployment_prefix,
    evaluation_key,
    feedback_key,
    hour_prefix,
    parse_segment_key,
    segment_key,
    whole_hour,
    window_prefixes,
)

SUPPORT = Identity(cluster="prod", namespace="shop", deployment="support-bot")
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2000, 2099))
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]))


def test_a_segments_name_is_the_documented_one() -> None:
    sealed = datetime(2026, 11, 22, 17, 59, 59, 999, UTC)
    key = segment_key(SUPPORT, sealed, "0f1e-22", 7, 140)
    assert str(key) == ("prod/shop/support-bot/records/date=2026-11-22/hour=17/0f1e-22-00000007-140.jsonl.gz")


def test_the_hour_is_utc_wherever_the_clock_stands() -> None:
    tokyo = datetime(2026, 11, 23, 2, 30, tzinfo=timezone(timedelta(hours=9)))
    assert "/date=2026-11-22/hour=17/" in str(segment_key(SUPPORT, tokyo, "pod", 1, 1))


@given(NAMES, NAMES, NAMES, MOMENTS, NAMES, st.integers(1, 99_999_999), st.integers(0, 10**9))
def test_a_segments_name_reads_back_as_it_was_built(
    cluster: str, namespace: str, deployment: str, sealed: datetime, pod: str, number: int, rows: int
) -> None:
    identity = Identity(cluster=cluster, namespace=namespace, deployment=deployment)
    key = segment_key(identity, sealed, pod, number, rows)
    assert parse_segment_key(str(key)) == key
    assert key.rows == rows
    assert key.hour <= sealed < key.hour + timedelta(hours=1)


def test_feedback_is_named_like_records_and_never_read_as_one() -> None:
    key = feedback_key(SUPPORT, datetime(2026, 11, 22, 17, tzinfo=UTC), "pod", 3, 2)
    assert str(key) == "prod/shop/support-bot/feedback/date=2026-11-22/hour=17/pod-00000003-2.jsonl.gz"
    assert parse_segment_key(str(key), FEEDBACK) == key
    assert parse_segment_key(str(key)) is None


@pytest.mark.parametrize(
    "name",
    [
        "prod/shop/bot/evaluations/daily/r1/report.json",
        "prod/shop/bot/records/date=2026-11-22/hour=17/pod-00000001.jsonl.gz",
        "prod/shop/bot/records/date=2026-11-22/hour=17/pod-1-5.jsonl.gz",
        "prod/shop/bot/records/date=2026-13-22/hour=17/pod-00000001-5.jsonl.gz",
        "prod/shop/bot/records/date=2026-11-22/hour=25/pod-00000001-5.jsonl.gz",
        "prod/shop/bot/records/date=2026-11-22/hour=17/pod-00000001-5.jsonl",
        "records/date=2026-11-22/hour=17/pod-00000001-5.jsonl.gz#1",
        "",
    ],
)
def test_what_is_not_a_segment_is_not_read_as_one(name: str) -> None:
    assert parse_segment_key(name) is None


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", "a b", "ä", "a\n"])
def test_a_name_that_would_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of an object's name"):
        deployment_prefix(Identity(cluster="c", namespace="n", deployment=name))
    with pytest.raises(ValueError, match="cannot be part of an object's name"):
        evaluation_key(SUPPORT, "daily", name, "report.json")


def test_a_runs_files_lie_below_its_monitor() -> None:
    key = evaluation_key(SUPPORT, "weekly", "weekly-29384756-1a2b3c4d", "report.html")
    assert key == "prod/shop/support-bot/evaluations/weekly/weekly-29384756-1a2b3c4d/report.html"


def test_a_window_of_a_week_lists_whole_days_and_single_hours_at_its_ends() -> None:
    end = datetime(2026, 11, 22, 5, 50, tzinfo=UTC)
    prefixes = list(window_prefixes(SUPPORT, end - timedelta(days=7), end))
    days = [prefix for prefix in prefixes if "hour=" not in prefix]
    assert len(days) == 6
    assert prefixes[0].endswith("date=2026-11-15/hour=05")
    assert prefixes[-1].endswith("date=2026-11-22/hour=05")
    assert len(prefixes) == 6 + 19 + 6


@given(MOMENTS, st.integers(1, 15 * 24 * 3600), st.integers(0, 15 * 24 * 3600))
def test_every_moment_of_a_window_lies_in_exactly_one_listed_partition(
    start: datetime, seconds: int, offset: int
) -> None:
    end = start + timedelta(seconds=seconds)
    moment = start + timedelta(seconds=offset % seconds)
    partition = hour_prefix(deployment_prefix(SUPPORT), whole_hour(moment)) + "/"
    prefixes = list(window_prefixes(SUPPORT, start, end))
    assert sum(partition.startswith(prefix + "/") for prefix in prefixes) == 1
    assert len(prefixes) == len(set(prefixes))
