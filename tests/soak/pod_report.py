"""What a pod was seen to do, whether that is well, and how it is told: a table and a picture."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.pages import fill, table
from tests.soak.trend import Trend, trend

DOCS = Path(__file__).parents[2] / "docs"
FLAT_MB_PER_HOUR = 2.0
SETTLED = 0.1
"""The part of a run that is left out of trends: pools and caches fill in it."""
HELD = 0.98
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 220, 46, 34, 26
COLOURS = {"server": "#2f6f4f", "collector": "#8fb3c9"}


@dataclass(frozen=True)
class Look:
    """One look at both containers, by name; memory in MB of 1,000,000 bytes, CPU in seconds so far."""

    at: float
    pss: dict[str, float]
    own: dict[str, float]
    """Anonymous memory: what the process made itself, without the files that it shares."""
    working_set: dict[str, float]
    cpu: dict[str, float]


@dataclass(frozen=True)
class Soak:
    """One run."""

    machine: str
    rate: float
    seconds: float
    looks: list[Look]
    asked: int
    recorded: int
    """Answers that are recorded: all but those refused before their inputs were read."""
    wrong: dict[str, int]
    captured: int
    dropped: int
    stored: int
    restarts: int

    def trend(self, container: str) -> Trend:
        """How a container's own memory went."""
        seen = [look for look in self.looks if look.at >= SETTLED * self.seconds and container in look.own]
        return trend([look.at for look in seen], [look.own[container] for look in seen])

    @property
    def exact(self) -> bool:
        """Whether every answer is in the store or counted."""
        return self.recorded == self.stored + self.dropped

    def failures(self) -> list[str]:
        """What is not as it should be."""
        found = [f"{count} × {what}" for what, count in self.wrong.items()]
        found += [f"{self.restarts} restarts"] if self.restarts else []
        if not self.exact:
            found.append(f"{self.recorded} answers, {self.stored} stored, {self.dropped} dropped")
        if self.asked < HELD * self.rate * self.seconds:
            found.append(f"the rate was not held: {self.asked / self.seconds:.0f}/s")
        for container in COLOURS:
            line = self.trend(container)
            if line.slope - line.margin > FLAT_MB_PER_HOUR:
                found.append(f"the {container} grows by {line.slope:.1f} MB/h")
        return found

    def report(self) -> str:
        """The figures as Markdown."""
        head = ("its own memory, MB", "first third", "last third", "most", "slope an hour (95 %)")
        head += ("PSS at most", "working set with spool at most", "CPU of a core")
        rows = [self._row(container) for container in COLOURS]
        wrong = sum(self.wrong.values())
        return (
            f"Machine: {self.machine}. {self.seconds / 60:g} min at {self.asked / self.seconds:.0f}"
            f" requests/s: {self.asked:,} requests, {wrong} errors, {self.restarts} restarts."
            f" {self.recorded:,} answers to be recorded {'=' if self.exact else '≠'} {self.stored:,} rows in"
            f" the store + {self.dropped:,} counted as dropped.\n\n" + table(head, rows)
        )

    def _row(self, container: str) -> tuple[str, ...]:
        line, first, last = self.trend(container), self.looks[0], self.looks[-1]
        cpu = (last.cpu[container] - first.cpu[container]) / (last.at - first.at)
        sizes = (line.first_third, line.last_third, line.most)
        slope = f"{line.slope:+.2f} ± {line.margin:.2f}"
        pss = max(look.pss.get(container, 0) for look in self.looks)
        working = max(look.working_set.get(container, 0) for look in self.looks)
        return (
            container,
            *(f"{size:.1f}" for size in sizes),
            slope,
            f"{pss:.1f}",
            f"{working:.1f}",
            f"{cpu:.1%}",
        )

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> "Soak":
        """Read what `save` wrote."""
        raw = json.loads(path.read_text())
        return cls(**raw | {"looks": [Look(**look) for look in raw["looks"]]})


def document(soak: Soak) -> None:
    """Put figures and picture into the documentation."""
    page = DOCS / "benchmarks.md"
    image = "![Memory of server and collector over time](soak.svg)"
    page.write_text(fill(page.read_text(), "soak: make soak-pod-docs", f"{soak.report()}\n{image}"))
    (DOCS / "soak.svg").write_text(picture(soak))


def picture(soak: Soak) -> str:
    """PSS of both containers over time, and the processes' own memory as a thin line; from 0."""
    most = max(size for look in soak.looks for size in look.pss.values()) * 1.15
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        ' font-family="system-ui, sans-serif" font-size="11" fill="#333333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="10" y="18" font-size="13">PSS, and its own part, in MB at {soak.rate:.0f}/s</text>',
    ]

    def place(seconds: float, size: float) -> tuple[float, float]:
        x = LEFT + seconds / soak.seconds * (WIDTH - LEFT - 80)
        return x, HEIGHT - BOTTOM - size / most * (HEIGHT - TOP - BOTTOM)

    for size in range(0, int(most) + 1, 10):
        (x, y), (end, _) = place(0, size), place(soak.seconds, size)
        parts.append(f'<line x1="{x:.0f}" x2="{end:.0f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{size}</text>')
    for minute in range(0, int(soak.seconds / 60) + 1, 5):
        x, y = place(minute * 60, 0)
        parts.append(f'<text x="{x:.0f}" y="{y + 16:.0f}" text-anchor="middle">{minute} min</text>')
    for container, colour in COLOURS.items():
        for width, figure in ((1.5, "pss"), (0.7, "own")):
            sizes = [(look.at, getattr(look, figure).get(container)) for look in soak.looks]
            points = [place(at, size) for at, size in sizes if size is not None]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
            if figure == "pss":
                x, y = points[-1]
                parts.append(f'<text x="{x + 6:.0f}" y="{y + 4:.1f}">{container}</text>')
    return "\n".join((*parts, "</svg>", ""))
