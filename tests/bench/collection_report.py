"""What collection cost: windows of load in pairs, and what is said of them. Pure but for its file."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.pages import table

OFF, ON, DISK = "collection off", "collection on", "on, spool on disk"
DOWN, FULL = "on, the store is down", "on, the spool is full"
MOST_MS = 0.3


@dataclass(frozen=True)
class Window:
    """Some seconds of load on one of the servers; times of requests in milliseconds."""

    key: str
    round: int
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Costs:
    """One run."""

    machine: str
    foreign: float
    """CPUs that were busy with other things when it began."""
    connections: int
    llm_ms: int
    seconds: int
    windows: list[Window]
    dropped: dict[str, int]

    def added(self, key: str, figure: str) -> list[float]:
        """How much more than without collection, round by round, in milliseconds."""
        theirs, plain = (
            {window.round: getattr(window, figure) for window in self.windows if window.key == each}
            for each in (key, OFF)
        )
        return [theirs[number] - plain[number] for number in sorted(theirs.keys() & plain.keys())]

    def met(self, key: str) -> bool:
        """Whether the p99 is within the bound."""
        return statistics.median(self.added(key, "p99")) <= MOST_MS

    def report(self) -> str:
        """The figures as Markdown."""
        rounds = len({window.round for window in self.windows})
        head = (
            "",
            "requests/s",
            "p50, ms",
            "p99, ms",
            "added p50, ms",
            f"added p99, ms (≤ {MOST_MS})",
            "met",
        )
        rows = [self._row(key) for key in (OFF, ON, DISK, DOWN, FULL)]
        return (
            f"## What collection costs a request\n\n"
            f"Machine: {self.machine}; {self.foreign:.1f} CPUs were busy with other things. Chat flow, LLM of"
            f" {self.llm_ms} ms, {self.connections} connections, {rounds} rounds of {self.seconds} s each in"
            f" turn; differences are taken round by round: median (range).\n\n"
            + table((*head, "dropped"), rows)
        )

    def _row(self, key: str) -> tuple[str, ...]:
        mine = [window for window in self.windows if window.key == key]
        rate, p50, p99 = (
            statistics.median(getattr(window, figure) for window in mine) for figure in ("rate", "p50", "p99")
        )
        plain = (key, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}")
        if key == OFF:
            return (*plain, "", "", "", "")
        met = "yes" if self.met(key) else "**no**"
        return (*plain, self._shown(key, "p50"), self._shown(key, "p99"), met, f"{self.dropped[key]:,}")

    def _shown(self, key: str, figure: str) -> str:
        added = self.added(key, figure)
        return f"{statistics.median(added):+.2f} ({min(added):+.2f} to {max(added):+.2f})"

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> "Costs":
        """Read what `save` wrote."""
        raw = json.loads(path.read_text())
        return cls(**raw | {"windows": [Window(**window) for window in raw["windows"]]})
