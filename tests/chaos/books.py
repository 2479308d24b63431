"""The books: what was asked, what is stored, what the pods counted and the operator says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from flow_runtime.contracts.undelivered import Undelivered

Outcome = Literal["completed", "refused", "unreached", "cut"]


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
class Told:
    """What the operator says of all pods that ever were."""

    captured: int
    stored: int
    dropped: int
    lost: int
    events: tuple[str, ...] = ()
    """Of pods that took records with them."""


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
    told: Told | None = None
    """None when nobody asked."""

    @property
    def sums(self) -> Told:
        """What the operator should say."""
        pods = [self.of(pod) for pod in self.pods]
        return Told(
            captured=sum(pod.count.captured for pod in pods),
            stored=sum(pod.stored for pod in pods),
            dropped=sum(pod.dropped for pod in pods),
            lost=sum(pod.undelivered or 0 for pod in pods),
        )

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
