"""Records as the operator accounts for them: totals never go back, each pod's end counts exactly once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from flow_operator.api.collection_status import PODS_LIMIT, CollectionStatus, Lost, PodTally
from flow_operator.api.flowdeployment_status import FlowDeploymentStatus
from flow_operator.reconcile.departures import GRACE, Departures
from flow_operator.reconcile.notes import ending_notes
from flow_operator.status.collecting import collecting
from flow_operator.status.collection import collection_of, endings, moved_only
from flow_operator.status.ends import ALL_STORED, End, end_of
from flow_operator.status.flow_deployment import status_of
from flow_operator.status.pods import Pod
from flow_operator.status.tally import COUNT_LIMIT
from flow_operator.telemetry.metrics import Metrics
from flow_runtime.contracts.state import CollectionState, PodState, RecordCounts
from flow_runtime.contracts.undelivered import Undelivered
from tests.unit.test_operator_status import STORE, pod, seen, state

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def asked(name: str, **counts: Any) -> Pod:
    """A pod that answered."""
    return replace(pod(name, state=state(collection=CollectionState(**counts))), uid=f"uid-{name}")


def totals(status: CollectionStatus) -> tuple[int | None, ...]:
    lost = status.lost.records if status.lost else None
    return status.captured, status.dropped, status.unsampled, status.stored, status.waiting, lost


A = asked("a", captured=10, dropped={"spool_full": 2}, unsampled=5, stored=7)
B = asked("b", captured=4, stored=4)
BOTH = collection_of(None, [A, B], [], NOW)
TOOK = Undelivered(records=3, first_segment=6, last_segment=7, reason="StoreUnreachable")
LAST = RecordCounts(captured=12, dropped={"spool_full": 2}, unsampled=6, stored=9)


def test_totals_are_the_sum_of_the_present_pods_and_of_those_that_are_gone() -> None:
    assert totals(BOTH) == (14, 2, 5, 11, 3, 0)
    gone = collection_of(BOTH, [B], [End("uid-a", "a", TOOK.model_copy(update={"counts": LAST}))], LATER)
    assert totals(gone) == (16, 2, 6, 13, 0, 3)
    assert [entry.name for entry in gone.pods] == ["b"]
    nobody = collection_of(gone, [], [End("uid-b", "b", ALL_STORED)], LATER)
    assert totals(nobody) == (16, 2, 6, 13, 0, 3)


def test_an_end_counts_once_however_often_it_is_told() -> None:
    end = End("uid-a", "a", TOOK)
    once = collection_of(BOTH, [B], [end], LATER)
    assert collection_of(once, [B], [end, end], LATER) == once
    assert endings(once, [end]) == ()


def test_a_pod_that_stored_everything_leaves_nothing_waiting_and_nothing_lost() -> None:
    gone = collection_of(BOTH, [B], [End("uid-a", "a", ALL_STORED)], LATER)
    assert totals(gone) == (14, 2, 5, 14, 0, 0)


def test_counts_of_a_pod_never_go_back_whatever_it_says() -> None:
    less = asked("a", captured=1, dropped={"spool_full": -5}, stored=COUNT_LIMIT * 9)
    now = collection_of(BOTH, [less, B], [], LATER)
    assert (now.captured, now.dropped, now.unsampled, now.stored) == (14, 2, 5, COUNT_LIMIT)


def test_a_pod_that_cannot_be_asked_keeps_what_it_last_said() -> None:
    silent = replace(A, state=None)
    assert totals(collection_of(BOTH, [silent, B], [], LATER)) == totals(BOTH)


def test_what_nobody_has_said_is_missing_and_not_zero() -> None:
    none = collection_of(None, [replace(A, state=None)], [], NOW)
    assert totals(none) == (None,) * 6
    assert none.pods == (PodTally(uid="uid-a", name="a"),)


def test_a_pod_whose_clock_is_fast_cannot_say_for_good_when_something_was_stored() -> None:
    fast = collection_of(None, [asked("a", last_stored=NOW + timedelta(days=365))], [], NOW)
    assert fast.last_stored == NOW


def test_an_unknown_reason_for_dropping_is_other() -> None:
    odd = collection_of(None, [asked("a", dropped={"\x1b[31m": 3, "no_json": 1})], [], NOW)
    assert odd.dropped == 4
    assert odd.dropped_by_reason is not None
    assert (odd.dropped_by_reason.other, odd.dropped_by_reason.no_json) == (3, 1)


def test_the_entries_are_bounded() -> None:
    many = collection_of(None, [asked(f"{n:04d}", captured=1) for n in range(PODS_LIMIT + 50)], [], NOW)
    assert len(many.pods) == PODS_LIMIT


def test_a_loss_names_pod_segments_and_cause_and_stays_when_the_next_pod_loses_nothing() -> None:
    gone = collection_of(BOTH, [B], [End("uid-a", "a", TOOK)], LATER)
    lost = Lost(records=3, last_pod="a", segments="6-7", reason="StoreUnreachable", time=LATER)
    assert gone.lost == lost
    assert collection_of(gone, [], [End("uid-b", "b", ALL_STORED)], LATER + GRACE).lost == lost


def test_a_pod_without_a_last_word_is_unknown_and_neither_lost_nor_stored() -> None:
    gone = collection_of(BOTH, [B], [End("uid-a", "a", None)], LATER)
    assert totals(gone) == (14, 2, 5, 11, 0, 0)
    assert gone.unaccounted is not None
    assert (gone.unaccounted.pods, gone.unaccounted.records, gone.unaccounted.last_pod) == (1, 3, "a")


def test_events_tell_each_loss_and_each_unknown_end_once_by_the_pods_uid() -> None:
    ends = [End("uid-a", "a", None), End("uid-b", "b", TOOK.model_copy(update={"feedback": 1}))]
    unknown, lost = ending_notes(endings(BOTH, ends))
    assert (unknown.reason, unknown.type, unknown.key) == ("RecordsUnaccounted", "Warning", "uid-a")
    assert "pod a (uid uid-a) went away without a last word: 3 records had not been stored" in unknown.text
    assert "not known" in unknown.text
    assert (lost.reason, lost.type, lost.key) == ("RecordsLost", "Warning", "uid-b")
    assert lost.text == (
        "pod b (uid uid-b) went away with 3 records and 1 row of feedback in segments 6-7 not stored:"
        " StoreUnreachable"
    )
    assert ending_notes(endings(BOTH, [End("uid-a", "a", ALL_STORED)])) == []
    assert ending_notes(endings(BOTH, [End("uid-b", "b", None)])) == []


def ended(
    state: dict[str, Any] | None, phase: str = "Running", *, leaving: bool = True, **more: Any
) -> dict[str, Any]:
    """A pod's object with a collector in that state."""
    meta = {"uid": "u", "name": "p"} | ({"deletionTimestamp": "2026-11-22T12:00:00Z"} if leaving else {})
    states = [{"name": "fetch"}, {"name": "collector", "state": state} | more] if state is not None else []
    return {"metadata": meta, "status": {"phase": phase, "initContainerStatuses": states}}


def said(word: Any, code: int = 0) -> dict[str, Any]:
    text = word if isinstance(word, str) else json.dumps(word)
    return {"terminated": {"exitCode": code, "message": text}}


WORD = {"records": 3, "first_segment": 6, "last_segment": 7, "reason": "StoreUnreachable"}
RUNNING: dict[str, Any] = {"running": {}}


@pytest.mark.parametrize(
    ("manifest", "word"),
    [
        (ended(said(WORD)), TOOK),
        (ended(said(WORD, 137)), TOOK),
        (ended(said(WORD), "Failed", leaving=False), TOOK),
        (ended({"waiting": {}}, "Failed", lastState=said(WORD, 137)), TOOK),
        (ended(said(json.dumps(WORD) + "   ")), TOOK),
        (ended(said("")), ALL_STORED),
        (ended({"waiting": {"reason": "PodInitializing"}}, "Failed"), ALL_STORED),
        (ended(said("", 137)), None),
        (ended(said("{}")), None),
        (ended(said({"records": -1})), None),
        (ended(said('{"records": 1e999}')), None),
        (ended(said("[" * 5000)), None),
        (ended(said("\x1b[31m\u202e" + "x" * 5000)), None),
        (ended(RUNNING, "Failed", leaving=False), None),
        (ended(RUNNING, "Failed", lastState=said(WORD)), None),  # of another life, not of its end
        (ended(RUNNING, "Failed", lastState=said("")), None),
        (ended(None, "Failed"), None),
    ],
)
def test_the_last_word_is_believed_only_if_it_is_one(manifest: Any, word: Undelivered | None) -> None:
    assert end_of(manifest) == End("u", "p", word)


@pytest.mark.parametrize(
    "manifest",
    [
        ended(RUNNING),
        ended(RUNNING, leaving=False),
        ended(said(WORD), leaving=False),  # it is started again, in the same pod with the same spool
        ended({"waiting": {}}, "Pending", leaving=False),
    ],
)
def test_a_pod_whose_collector_may_still_work_has_not_ended(manifest: Any) -> None:
    assert end_of(manifest) is None


def test_a_pod_that_was_deleted_by_force_leaves_no_word() -> None:
    assert end_of(ended(RUNNING), gone=True) == End("u", "p", None)


def test_a_hostile_word_stays_within_bounds() -> None:
    word = Undelivered(records=10**30, first_segment=5, last_segment=10**30, reason="\x1b[31m; rm -rf /")
    (ending,) = endings(BOTH, [End("uid-a", "a", word)])
    assert (ending.records, ending.segments, ending.reason) == (COUNT_LIMIT, None, None)
    gone = collection_of(BOTH, [B], [End("uid-a", "a", word)], LATER)
    assert CollectionStatus.model_validate_json(gone.model_dump_json()) == gone


def test_the_watchs_word_is_kept_until_the_visit_has_been_written() -> None:
    departures = Departures()
    departures.tell({"metadata": {"uid": "uid-a", "name": "a"}, "status": ended(said(WORD))["status"]})
    for _ in range(2):
        assert departures.of(BOTH.pods[:1], [], NOW) == ((End("uid-a", "a", TOOK),), False)
    departures.settle(["uid-a"])
    assert departures.of(BOTH.pods[:1], [], NOW) == ((), True)


def test_a_pod_that_is_not_listed_is_given_a_moment_for_the_watch_to_tell_of_it() -> None:
    departures, known = Departures(), BOTH.pods[:1]
    assert departures.of(known, [], NOW) == ((), True)
    assert departures.of(known, [], NOW + GRACE - timedelta(seconds=1)) == ((), True)
    assert departures.of(known, [], NOW + GRACE) == ((End("uid-a", "a", None),), False)


def test_a_pod_that_is_still_listed_and_not_over_has_no_end() -> None:
    here = {"metadata": {"uid": "uid-a", "name": "a"}, "status": {"phase": "Running"}}
    assert Departures().of(BOTH.pods[:1], [here], NOW) == ((), False)


def test_counts_may_wait_a_minute_but_a_pod_that_comes_or_goes_may_not() -> None:
    more = collection_of(BOTH, [asked("a", captured=99), B], [], LATER)
    assert moved_only(more, BOTH)
    assert not moved_only(collection_of(BOTH, [B], [End("uid-a", "a", TOOK)], LATER), BOTH)
    assert not moved_only(collection_of(BOTH, [A, B, asked("c")], [], LATER), BOTH)


def of_pods(*pods: Pod) -> Any:
    return seen(None, *pods, collection=STORE)


def test_one_troubled_pod_of_three_is_named_with_the_worst_first_and_what_helps() -> None:
    away = asked("b", reason="StoreUnreachable", message="no route")
    full = asked("c", reason="SpoolFull", message="41 records were dropped")
    found = collecting(of_pods(A, away, full), None, NOW)
    assert (found.status, found.reason) == ("False", "SpoolFull")
    assert found.message.startswith("2 of 3 pods: pod c: 41 records were dropped")
    assert found.message.endswith("raise spec.collection.spool.sizeMiB")


def test_a_pod_that_could_not_be_asked_is_mentioned_beside_those_that_are_well() -> None:
    found = collecting(of_pods(A, replace(B, state=None)), None, NOW)
    assert found.status == "True"
    assert found.message.endswith("; 1 of 2 pods could not be asked")


def test_a_loss_is_said_for_five_minutes_with_or_without_pods_and_present_trouble_first() -> None:
    gone = collection_of(BOTH, [B], [End("uid-a", "a", TOOK)], NOW)
    for given in (of_pods(B), of_pods()):
        found = collecting(given, gone, NOW + timedelta(minutes=4))
        assert (found.status, found.reason) == ("False", "RecordsLost")
        assert "pod a went away with records in segments 6-7" in found.message
    assert collecting(of_pods(B), gone, NOW + timedelta(minutes=5)).status == "True"
    away = asked("b", reason="StoreUnreachable", message="no route")
    assert collecting(of_pods(away), gone, NOW).reason == "StoreUnreachable"


def test_totals_outlive_the_switch_of_the_collection_and_pods_without_one_get_no_entry() -> None:
    off = seen(None, B, replace(A, uid="uid-new", state=state()))
    cr = off.serving.cr.model_copy(update={"status": FlowDeploymentStatus(collection=BOTH)})
    ends = (End("uid-a", "a", ALL_STORED),)
    found = status_of(cr, replace(off, ends=ends), LATER).collection
    assert found is not None
    assert totals(found) == (14, 2, 5, 14, 0, 0)
    assert [entry.uid for entry in found.pods] == ["uid-b"]
    assert status_of(off.serving.cr, off, LATER).collection is None


def test_a_state_of_another_release_is_read_as_far_as_it_goes() -> None:
    old = PodState.model_validate_json(
        '{"revision": "x", "ready": true, "reason": "Ready", "collection": {}}'
    )
    assert old.collection == CollectionState()


def test_lost_records_are_counters_of_each_flow_deployment_that_collects() -> None:
    metrics = Metrics()
    metrics.collection.show("shop", "bot", collection_of(BOTH, [B], [End("uid-a", "a", TOOK)], NOW))
    metrics.collection.show("shop", "new", collection_of(None, [replace(A, state=None)], [], NOW))
    text = generate_latest(metrics.registry).decode()
    assert 'flow_collection_records_lost_total{deployment="bot",namespace="shop"} 3.0' in text
    assert 'flow_collection_records_unaccounted_total{deployment="bot",namespace="shop"} 0.0' in text
    assert 'deployment="new"' not in text
    metrics.collection.forget("shop", "bot")
    assert 'deployment="bot"' not in generate_latest(metrics.registry).decode()
