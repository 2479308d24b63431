"""Whether the books balance: each thing that is wrong as a sentence. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from flow_runtime.contracts.undelivered import Undelivered
from tests.chaos.books import Attempt, Books, Kill

FULL = "spool_full"


def problems(books: Books) -> list[str]:
    """All that does not balance, as sentences; empty when the books do."""
    return [*_rows(books), *_attempts(books), *_counters(books), *_segments(books), *_status(books)]


def _rows(books: Books) -> Iterator[str]:
    attempts = {each.id: each for each in books.attempts}
    for what, ids in (
        ("request id", Counter(row.request_id for row in books.rows)),
        ("record id", Counter(row.record_id for row in books.rows)),
    ):
        if twice := [each for each, count in ids.items() if count > 1]:
            yield f"{len(twice)} rows have the {what} of another: {_some(twice)}"
    if unknown := {row.request_id for row in books.rows} - set(attempts):
        yield f"{len(unknown)} rows are of nothing that was asked: {_some(unknown)}"
    for row in books.rows:
        attempt = attempts.get(row.request_id)
        if attempt is None:
            continue
        if attempt.outcome in ("refused", "unreached"):
            yield f"{row.request_id} is stored, but it was {attempt.outcome}"
        if attempt.outcome == "completed" and attempt.pod != row.pod:
            yield f"{row.request_id} was answered by {attempt.pod} and stored by {row.pod}"
        if attempt.outcome == "cut" and not _killed(attempt, books.kills, row.pod):
            yield f"{row.request_id} is stored, but was cut and not in flight at a kill of {row.pod}"


def _attempts(books: Books) -> Iterator[str]:
    for attempt in books.attempts:
        if attempt.outcome == "cut" and not _killed(attempt, books.kills):
            yield f"{attempt.id} was cut while no server was being killed: {attempt.cause}"
    # A record that a pod dropped may be of an attempt that a kill cut off: so many at the most.
    stored = {row.request_id for row in books.rows}
    slack = sum(each.outcome == "cut" and each.id not in stored for each in books.attempts)
    for book in map(books.of, books.pods):
        missing, given_up = len(book.missing), book.given_up
        if not 0 <= given_up - missing <= slack:
            yield (
                f"pod {book.pod}: {missing} answers are not stored, {given_up} counted as dropped or "
                f"undelivered: {_some(book.missing)}"
            )


def _counters(books: Books) -> Iterator[str]:
    for pod, counts in books.counts.items():
        for before, after in pairwise(counts):
            if after.fell_below(before):
                yield f"pod {pod}: its counters fell from {before} to {after}"
    for book in map(books.of, books.pods):
        if reasons := {reason for reason, count in book.count.dropped.items() if count} - {FULL}:
            yield f"pod {book.pod}: records were dropped for {', '.join(sorted(reasons))}"
        if book.count.lost:
            yield f"pod {book.pod}: {book.count.lost} records were captured and given up"
        accounted = book.stored + book.count.lost + (book.undelivered or 0)
        if book.count.captured != accounted:
            yield f"pod {book.pod}: captured {book.count.captured}, stored, lost or undelivered {accounted}"
        if book.count.stored != book.stored:
            yield f"pod {book.pod}: counts {book.count.stored} as stored, in the bucket {book.stored}"


def _segments(books: Books) -> Iterator[str]:
    for pod, numbers in books.segments.items():
        said = books.gone.get(pod, Undelivered(records=0))
        undelivered = set(range(said.first_segment, said.last_segment + 1)) - {0}
        if there := undelivered & set(numbers):
            yield f"pod {pod}: segments {sorted(there)} are in the bucket and reported as undelivered"
        if gap := set(range(1, max(numbers) + 1)) - set(numbers) - undelivered:
            yield f"pod {pod}: segments {sorted(gap)} are missing and nobody said so"


def _status(books: Books) -> Iterator[str]:
    if books.told is None:
        return
    if replace(books.told, events=()) != books.sums:
        yield f"the status says {books.told}, and it should say {books.sums}"
    if (reporting := sum(said.records > 0 for said in books.gone.values())) != len(books.told.events):
        yield f"{reporting} pods took records with them, and {len(books.told.events)} Events say so"


def _killed(attempt: Attempt, kills: Iterable[Kill], pod: str = "") -> bool:
    """Whether an attempt was in flight while a server (of that pod) was killed."""
    return any(
        attempt.begun <= kill.ended and attempt.ended >= kill.begun and pod in ("", kill.pod)
        for kill in kills
    )


def _some(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)[:5])
