"""What is to be reached, as ratios within one run, and how near it is. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.measure import DIRECT
from tests.bench.results import Cell, Results, median, paired
from tests.bench.subjects import DEFAULT, FLOOR, SHIPPED, Subject

ENOUGH_CYCLES = 3


@dataclass(frozen=True)
class Target:
    """One figure, its bound, and how it is shown."""

    what: str
    wanted: str
    figure: Callable[[Results], float | None]
    reached: Callable[[float], bool]
    form: str

    def met(self, results: Results) -> bool | None:
        """Say whether it is reached; None: not measured."""
        value = self.figure(results)
        return None if value is None else self.reached(value)

    def shown(self, results: Results) -> str:
        """Show the figure."""
        value = self.figure(results)
        return "–" if value is None else self.form.format(value)


def targets() -> tuple[Target, ...]:
    """List them."""
    return (
        Target(
            "req/s at 0 ms c=16, times promptflow's Docker default",
            "≥ 20× (goal 35×)",
            _times_default,
            lambda v: v >= 20,
            "{:.1f}×",
        ),
        Target(
            "CPU of a request at 0 ms c=16, times the floor's",
            "≤ 1.5× (goal 1×)",
            _times_floor,
            lambda v: v <= 1.5,
            "{:.2f}×",
        ),
        Target("added p50 at 50 ms c=16", "≤ 2 ms", _added, lambda v: v <= 2, "{:.2f} ms"),
        Target("share of the ideal at 500 ms c=256", "≥ 95 %", _share, lambda v: v >= 0.95, "{:.1%}"),
        Target("PSS of the server after load", "≤ 60 MB", _pss(SHIPPED.key), lambda v: v <= 60, "{:.1f} MB"),
        Target(
            "PSS of the collector after load", "≤ 35 MB", _pss("collector"), lambda v: v <= 35, "{:.1f} MB"
        ),
        Target("start to 200 on /health, one-node DAG", "≤ 0.5 s", _ready, lambda v: v <= 0.5, "{:.2f} s"),
    )


def added(results: Results, subject: Subject, connections: int, flow: str = "chat") -> dict[int, float]:
    """What a subject adds to the p50 of an LLM of 50 ms, in milliseconds, by round."""
    load = {"llm_ms": 50, "connections": connections}
    theirs = results.take(_p50, flow=flow, subject=subject.key, **load)
    alone = results.take(_p50, subject=DIRECT, **load)
    return {no: theirs[no] - alone[no] for no in theirs.keys() & alone.keys()}


def ideal_share(results: Results, subject: Subject, connections: int) -> dict[int, float]:
    """Throughput at an LLM of 500 ms, as a share of the LLM's alone, by round.

    A window of seconds holds so few cycles of 500 ms that counting requests would round it to whole
    cycles; in a closed loop throughput is connections / mean time (Little's law). It is counted only where
    a subject did not even finish a few cycles.
    """
    load = {"llm_ms": 500, "connections": connections}
    theirs = results.take(lambda c: c, flow="chat", subject=subject.key, **load)
    alone = results.take(lambda c: c, subject=DIRECT, **load)
    return {no: _share_of(theirs[no], alone[no]) for no in theirs.keys() & alone.keys()}


def _share_of(cell: Cell, alone: Cell) -> float:
    if cell.answered >= ENOUGH_CYCLES * cell.connections:
        return alone.mean / cell.mean
    return cell.answered / alone.answered


def _times_default(results: Results) -> float | None:
    load = {"flow": "chat", "llm_ms": 0, "connections": 16}
    ours, theirs = (results.take(_rate, subject=key, **load) for key in (SHIPPED.key, DEFAULT.key))
    return median(paired(ours, theirs))


def _times_floor(results: Results) -> float | None:
    load = {"flow": "chat", "llm_ms": 0, "connections": 16}
    ours, floor = (results.take(_cpu, subject=key, **load) for key in (SHIPPED.key, FLOOR.key))
    return median(paired(ours, floor))


def _added(results: Results) -> float | None:
    return median(added(results, SHIPPED, 16).values())


def _share(results: Results) -> float | None:
    return median(ideal_share(results, SHIPPED, 256).values())


def _pss(key: str) -> Callable[[Results], float | None]:
    return lambda results: median(m.pss for m in results.memory if m.subject == key and m.flow == "chat")


def _ready(results: Results) -> float | None:
    return median(s.seconds for s in results.starts if s.subject == SHIPPED.key and s.flow == "nodes1")


def _p50(cell: Cell) -> float:
    return cell.p50


def _rate(cell: Cell) -> float:
    return cell.rate


def _cpu(cell: Cell) -> float | None:
    return cell.cpu_ms
