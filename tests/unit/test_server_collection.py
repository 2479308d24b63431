"""What a pod's state says of its records: a blip is no news, a drop is news for five minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from flow_runtime.server.collection import SpoolSeen, collection_state
from flow_runtime.spool import CollectorState, Counts, Drops

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def seen(counts: Counts | None = None, collector: CollectorState | None = None, **more: object) -> SpoolSeen:
    return SpoolSeen(counts or Counts(), collector or CollectorState(), **more)  # type: ignore[arg-type]


def failing(reason: str, seconds: float) -> CollectorState:
    return CollectorState(reason=reason, message="503 Slow Down", failing_since=ago(seconds))


def dropped(reason: str, last: float, count: int = 41) -> Counts:
    return Counts(
        dropped={reason: 99}, drops=Drops(reason=reason, count=count, since=ago(400), last=ago(last))
    )


FULL = dropped("spool_full", 0)


@pytest.mark.parametrize(
    ("spool", "reason", "said"),
    [
        (seen(), "", ""),
        (seen(collector=failing("StoreUnreachable", 29)), "", ""),
        (seen(collector=failing("StoreRefused", 31)), "StoreRefused", "since 2026-11-22 11:59:29Z: 503"),
        (seen(collector=failing("StoreUnreachable", -3600)), "StoreUnreachable", "503 Slow Down"),
        (seen(collector=failing("HashKeyInvalid", 0)), "HashKeyInvalid", "503"),
        (seen(FULL), "SpoolFull", "41 records were dropped since 2026-11-22 11:53:20Z"),
        (seen(FULL), "SpoolFull", "the last at 2026-11-22 12:00:00Z: the spool of 64 MiB is full"),
        (
            seen(FULL, failing("StoreUnreachable", 90)),
            "SpoolFull",
            "; StoreUnreachable since 2026-11-22 11:58",
        ),
        (seen(dropped("spool_full", 299)), "SpoolFull", ""),
        (seen(dropped("spool_full", 300)), "", ""),
        (seen(dropped("no_json", 9, 1)), "RecordsDropped", "1 record was dropped"),
        (seen(dropped("write_failed", 9)), "SpoolUnwritable", "the spool could not be written"),
        (seen(problem="spool /spool: no space"), "SpoolUnwritable", "no space"),
        (seen(waiting_since=ago(119)), "", ""),
        (seen(waiting_since=ago(121)), "CollectorSilent", "the collector does not say why"),
        (seen(collector=failing("StoreRefused", 1), waiting_since=ago(500)), "", ""),
    ],
)
def test_the_worst_is_said_once_it_is_more_than_a_blip(spool: SpoolSeen, reason: str, said: str) -> None:
    state = collection_state(spool, NOW)
    assert state.reason == reason
    assert said in state.message
    assert bool(state.reason) == bool(state.message)


def test_the_counts_are_those_of_server_and_collector() -> None:
    counts = Counts(captured=9, dropped={"no_json": 1}, unsampled=4)
    collector = CollectorState(stored=5, lost=2, last_stored=ago(7))
    state = collection_state(seen(counts, collector, used_bytes=77), NOW)
    assert (state.captured, state.dropped, state.unsampled) == (9, {"no_json": 1}, 4)
    assert (state.stored, state.lost, state.last_stored, state.spool_bytes) == (5, 2, ago(7), 77)
