"""The books of the fault campaign: they balance when nothing is wrong, and say each thing that is."""

from dataclasses import replace

import pytest

from flow_runtime.contracts.undelivered import Undelivered
from tests.chaos.books import Attempt, Books, Count, Kill, Row, Told
from tests.chaos.checks import problems
from tests.chaos.scrape import parse_counts
from tests.chaos.table import phases_table, pods_table

A, B = "uid-a", "uid-b"
ANSWERED = [Attempt(f"server-{n}-1", "completed", n, n + 0.5, A if n % 2 else B) for n in range(10)]
STORED = [Row(each.id, f"r{number}", each.pod) for number, each in enumerate(ANSWERED)]
CUT = Attempt("server-99-1", "cut", 20, 21, cause="disconnected")
KILL = Kill(A, 20.8, 21.1)
WHOLE = Books(
    attempts=ANSWERED,
    rows=STORED,
    kills=[],
    counts={A: [Count(2, 0, 0), Count(5, 5, 0)], B: [Count(5, 5, 0)]},
    segments={A: [1, 2], B: [1]},
)
DROPPED = replace(WHOLE, rows=STORED[1:], counts={A: WHOLE.counts[A], B: [Count(4, 4, 0, {"spool_full": 1})]})


def test_the_books_balance_when_every_answer_is_stored_once() -> None:
    assert problems(WHOLE) == []


def test_an_answer_that_is_not_stored_is_told() -> None:
    (told,) = problems(replace(WHOLE, rows=STORED[1:], counts={A: [Count(5, 5, 0)], B: [Count(4, 4, 0)]}))
    assert told == "pod uid-b: 1 answers are not stored, 0 counted as dropped or undelivered: server-0-1"


def test_a_counted_drop_balances_an_answer_that_is_not_stored() -> None:
    assert problems(DROPPED) == []


def test_a_drop_for_another_reason_than_a_full_spool_is_told() -> None:
    (told,) = problems(replace(DROPPED, counts={A: [Count(5, 5, 0)], B: [Count(4, 4, 0, {"no_json": 1})]}))
    assert told == "pod uid-b: records were dropped for no_json"


def test_a_row_that_is_there_twice_is_told() -> None:
    twice = replace(WHOLE, rows=[*STORED, STORED[1]], counts={A: [Count(6, 6, 0)], B: [Count(5, 5, 0)]})
    assert problems(twice) == [
        "1 rows have the request id of another: server-1-1",
        "1 rows have the record id of another: r1",
    ]


def test_a_row_that_nobody_asked_for_is_told() -> None:
    found = problems(replace(WHOLE, attempts=ANSWERED[1:]))
    assert "1 rows are of nothing that was asked: server-0-1" in found


def killed(kill: Kill) -> Books:
    row = Row(CUT.id, "r99", A)
    counts = {A: [Count(6, 6, 0)], B: [Count(5, 5, 0)]}
    return replace(WHOLE, attempts=[*ANSWERED, CUT], rows=[*STORED, row], kills=[kill], counts=counts)


def test_a_row_of_a_request_that_was_in_flight_at_a_kill_is_allowed() -> None:
    assert problems(killed(KILL)) == []


@pytest.mark.parametrize("kill", [replace(KILL, pod=B), Kill(A, 30, 31)])
def test_a_row_of_a_cut_request_that_was_in_flight_at_no_kill_of_its_pod_is_told(kill: Kill) -> None:
    assert any("server-99-1 is stored, but was cut" in each for each in problems(killed(kill)))


def test_a_request_that_is_cut_while_nothing_is_killed_is_told() -> None:
    (told,) = problems(replace(WHOLE, attempts=[*ANSWERED, CUT]))
    assert told == "server-99-1 was cut while no server was being killed: disconnected"


def test_a_row_of_a_request_that_was_turned_away_is_told() -> None:
    books = replace(WHOLE, attempts=[replace(ANSWERED[0], outcome="refused"), *ANSWERED[1:]])
    assert "server-0-1 is stored, but it was refused" in problems(books)


def test_a_counter_that_falls_is_told() -> None:
    found = problems(replace(WHOLE, counts=WHOLE.counts | {A: [Count(6, 5, 0), Count(5, 5, 0)]}))
    assert [each.split(" from")[0] for each in found] == ["pod uid-a: its counters fell"]


def gone(said: Undelivered, stored: list[Row]) -> Books:
    counts = WHOLE.counts | {B: [Count(5, len(stored) - 5, 0)]}  # five are of the other pod
    return replace(WHOLE, rows=stored, counts=counts, gone={B: said})


def test_what_a_pod_took_with_it_balances_when_it_said_so() -> None:
    said = Undelivered(records=2, first_segment=2, last_segment=2, reason="StoreUnreachable")
    left = [row for row in STORED if row.request_id not in ("server-0-1", "server-2-1")]
    assert problems(gone(said, left)) == []
    assert problems(gone(said.model_copy(update={"records": 1}), left)) == [
        "pod uid-b: 2 answers are not stored, 1 counted as dropped or undelivered: server-0-1, server-2-1",
        "pod uid-b: captured 5, stored, lost or undelivered 4",
    ]


def test_a_segment_that_is_missing_is_told_unless_the_pod_said_so() -> None:
    gap = replace(WHOLE, segments={A: [1, 3], B: [1]})
    assert problems(gap) == ["pod uid-a: segments [2] are missing and nobody said so"]
    said = Undelivered(records=0, first_segment=2, last_segment=2)
    assert problems(replace(gap, gone={A: said})) == []


def test_a_status_that_says_something_else_is_told() -> None:
    assert problems(replace(WHOLE, told=Told(captured=10, stored=10, dropped=0, lost=0))) == []
    (told,) = problems(replace(WHOLE, told=Told(captured=9, stored=10, dropped=0, lost=0)))
    assert "captured=9" in told


def test_a_pod_that_took_records_with_it_without_an_event_is_told() -> None:
    said = Undelivered(records=2, first_segment=2, last_segment=2)
    left = [row for row in STORED if row.request_id not in ("server-0-1", "server-2-1")]
    status = Told(captured=10, stored=8, dropped=0, lost=2)
    books = replace(gone(said, left), told=status)
    assert problems(books) == ["1 pods took records with them, and 0 Events say so"]
    assert problems(replace(books, told=replace(status, events=("pod b took 2",)))) == []


def test_the_counters_are_read_from_a_scrape() -> None:
    scrape = (
        "# TYPE flow_records_total counter\n"
        'flow_records_total{result="captured"} 7\nflow_records_total{result="stored"} 6\n'
        'flow_records_total{result="lost"} 1\n'
        "# TYPE flow_records_dropped_total counter\n"
        'flow_records_dropped_total{reason="spool_full"} 3\n'
    )
    assert parse_counts(scrape) == Count(7, 6, 1, {"spool_full": 3})


def test_the_tables_add_up() -> None:
    assert phases_table(killed(KILL), [("server", "3 kills")])[-1] == (
        "| server | 3 kills | 10 | 10 | 0 | 1 | 1 | 0 |"
    )
    assert pods_table(DROPPED)[-1] == "| all | 10 | 0 | 9 | 1 | 0 | 0 |"
