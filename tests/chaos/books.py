"""The books: what was asked, what is stored, what the pods counted, and whether they agree. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from flow_runtime.contracts.undelivered import Undelivered

Outcome = Literal["completed", "refused", "unreached", "cut"]
FULL = "spool_full"


@dataclass(frozen=True)
class Attempt:
    """One request and what became of it; times are Unix seconds."""

    id: str
    outcome: Outcome
    begun: float
    ended: float
    pod: str = ""
    """The uid of the pod that answered; known of completed ones."""
    status: int = 0
    cause: str = ""

    @property
    def phase(self) -> str:
        """The phase it was sent in."""
        return self.id.split("-")[0]


@dataclass(frozen=True)
class Row:
    """One row of the bucket, and the uid in the name of its object."""

    request_id: str
    record_id: str
    pod: str


@dataclass(frozen=True)
class Kill:
    """A server's SIGKILL: some time in this window."""

    pod: str
    begun: float
    ended: float


@dataclass(frozen=True)
class Count:
    """What a pod says about itself, at one time."""

    captured: int
    stored: int
    lost: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def fell_below(self, earlier: "Count") -> bool:
        """Whether a counter is lower than it was."""
        pairs = [(self.captured, earlier.captured), (self.stored, earlier.stored), (self.lost, earlier.lost)]
        pairs += [(self.dropped.get(reason, 0), count) for reason, count in earlier.dropped.items()]
        return any(now < before for now, before in pairs)


@dataclass(frozen=True)
class Books:
    """All that is known at the end."""

    attempts: Sequence[Attempt]
    rows: Sequence[Row]
    kills: Sequence[Kill]
    counts: Mapping[str, Sequence[Count]]
    """Uid to the pod's counters, oldest first."""
    segments: Mapping[str, Sequence[int]]
    """Uid to the numbers of its segments in the bucket."""
    gone: Mapping[str, Undelivered] = field(default_factory=dict)
    """Uid of a pod that ended to what it said that it could not deliver."""

    @property
    def pods(self) -> list[str]:
        """Uids of all pods that answered, stored or counted."""
        return sorted({a.pod for a in self.completed} | {row.pod for row in self.rows} | set(self.counts))

    @property
    def completed(self) -> list[Attempt]:
        """Attempts that got their answer."""
        return [each for each in self.attempts if each.outcome == "completed"]

    def of(self, pod: str) -> "PodBook":
        """One pod's share."""
        stored_ids = {row.request_id for row in self.rows if row.pod == pod}
        completed = {each.id for each in self.completed if each.pod == pod}
        return PodBook(
            pod=pod,
            completed=len(completed),
            stored=sum(row.pod == pod for row in self.rows),
            missing=frozenset(completed - stored_ids),
            extra=frozenset(stored_ids - completed),
            count=self.counts[pod][-1] if self.counts.get(pod) else Count(0, 0, 0),
            undelivered=self.gone[pod].records if pod in self.gone else None,
        )


@dataclass(frozen=True)
class PodBook:
    """What one pod answered, stored and counted."""

    pod: str
    completed: int
    stored: int
    missing: frozenset[str]
    extra: frozenset[str]
    count: Count
    undelivered: int | None
    """None while the pod lives."""

    @property
    def dropped(self) -> int:
        """By the pod's count."""
        return sum(self.count.dropped.values())

    @property
    def given_up(self) -> int:
        """Dropped or undelivered: what the pod says is not in the bucket."""
        return self.dropped + (self.undelivered or 0)


def problems(books: Books) -> list[str]:
    """All that does not balance, as sentences; empty when the books do."""
    return [*_rows(books), *_attempts(books), *_counters(books), *_segments(books)]


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


def _killed(attempt: Attempt, kills: Iterable[Kill], pod: str = "") -> bool:
    """Whether an attempt was in flight while a server (of that pod) was killed."""
    return any(
        attempt.begun <= kill.ended and attempt.ended >= kill.begun and pod in ("", kill.pod)
        for kill in kills
    )


def _some(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)[:5])
