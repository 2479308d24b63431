"""What was measured: plain rows, as they are written to JSON, and what a report asks of them."""

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """One window of load on one subject."""

    flow: str
    subject: str
    round: int
    llm_ms: int
    connections: int
    answered: int
    failed: int
    seconds: float
    cpu_seconds: float
    """Of the subject's family."""
    collector_cpu_seconds: float
    mean: float
    """Milliseconds, as the next ones."""
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds

    @property
    def cpu_ms(self) -> float | None:
        """CPU of a request in milliseconds; None where there were too few to tell."""
        return self.cpu_seconds * 1000 / self.answered if self.answered >= 10 else None


@dataclass(frozen=True)
class Start:
    """Seconds from the start of a subject to the first 200 on /health."""

    flow: str
    subject: str
    seconds: float


@dataclass(frozen=True)
class Memory:
    """After the load of a round, in MB."""

    flow: str
    subject: str
    pss: float
    rss: float


@dataclass
class Results:
    """One run of the benchmark."""

    machine: str
    versions: dict[str, str]
    rounds: int
    foreign: float
    """CPUs that were busy with other things when it began."""
    cells: list[Cell] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)

    def failures(self) -> dict[tuple[str, str], int]:
        """Count requests that were not answered with a 200, by flow and subject, where there were any."""
        found: dict[tuple[str, str], int] = {}
        for cell in self.cells:
            if cell.failed:
                found[cell.flow, cell.subject] = found.get((cell.flow, cell.subject), 0) + cell.failed
        return found

    def of(self, flow: str) -> list[Cell]:
        """Give the cells of a flow."""
        return [cell for cell in self.cells if cell.flow == flow]

    def take(self, what: Callable[[Cell], T | None], **where: object) -> dict[int, T]:
        """Give a figure of the cells that match and in which anything was answered, by round."""
        return {
            cell.round: value
            for cell in self.cells
            if cell.answered
            and all(getattr(cell, name) == wanted for name, wanted in where.items())
            and (value := what(cell)) is not None
        }

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read what `save` wrote."""
        raw = json.loads(path.read_text())
        rows = {"cells": Cell, "starts": Start, "memory": Memory}
        return cls(**raw | {name: [kind(**row) for row in raw[name]] for name, kind in rows.items()})


def median(values: Iterable[float]) -> float | None:
    """Give the median; None of nothing."""
    listed = list(values)
    return statistics.median(listed) if listed else None


def paired(above: dict[int, float], below: dict[int, float]) -> list[float]:
    """Divide round by round, so that what a whole round suffered is in both."""
    return [above[no] / below[no] for no in sorted(above.keys() & below.keys()) if below[no]]
