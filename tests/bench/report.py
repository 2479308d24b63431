"""The figures as Markdown that can be read as it is: targets first, then each table. Pure."""

from collections.abc import Callable, Iterable, Sequence

from tests.bench.measure import DIRECT
from tests.bench.pages import table
from tests.bench.plan import CHAINS
from tests.bench.results import Cell, Results, median, paired
from tests.bench.subjects import SHIPPED, SUBJECTS, Subject
from tests.bench.targets import added, ideal_share, targets

_FLOWS = {
    "branch": "branching flow: 5 nodes of which 4 run, 1 LLM call",
    "twenty": "20 nodes: 4 prompts, 4 LLM calls at a time, 12 Python",
    "stream": "streaming flow: SSE, 16 pieces",
    "flex": "flex class that asks by a prompty",
}
_HEAD = """Machine: {machine}; {foreign:.1f} CPUs were busy with other things. {rounds} round(s).
Versions: {versions}.

![Requests per second by flow and subject](benchmarks.svg)
"""


def report(results: Results) -> str:
    """Write all tables."""
    versions = ", ".join(f"{name} {number}" for name, number in results.versions.items())
    head = _HEAD.format(
        rounds=results.rounds, machine=results.machine, foreign=results.foreign, versions=versions
    )
    sections = [head, _targets(results)]
    if results.of("chat"):
        sections += [_chat_rates(results), _chat_latency(results), _chat_share(results)]
    sections += [_other(results, key, title) for key, title in _FLOWS.items() if results.of(key)]
    sections += [_chains(results), _sizes(results), _failures(results)]
    return "\n".join(section for section in sections if section)


def _targets(results: Results) -> str:
    rows = [
        (target.what, target.wanted, target.shown(results), {True: "yes", False: "**no**", None: "–"}[met])
        for target in targets()
        for met in (target.met(results),)
    ]
    return _section("Targets", ("what", "target", "measured", "met"), rows)


def _chat_rates(results: Results) -> str:
    def row(subject: Subject) -> list[str]:
        found = [_figure(results, subject, lambda c: c.rate, 0, c) for c in (1, 16, 64, 256)]
        cpu = [_figure(results, subject, lambda c: c.cpu_ms, 0, c) for c in (1, 16, 64, 256)]
        return [subject.name, *found, *cpu, _times(results, subject)]

    head = ("LLM of 0 ms", *(f"req/s c={c}" for c in (1, 16, 64, 256)))
    head += (*(f"CPU ms c={c}" for c in (1, 16, 64, 256)), "ours is")
    return _section("LLM chat node + Python node: throughput and cost", head, map(row, SUBJECTS))


def _chat_latency(results: Results) -> str:
    def row(subject: Subject) -> list[str]:
        p50 = [_show(median(added(results, subject, c).values())) for c in (1, 16, 64, 256)]
        rate = [_figure(results, subject, lambda c: c.rate, 50, c) for c in (16, 64, 256)]
        return [subject.name, *p50, *rate, _figure(results, subject, lambda c: c.cpu_ms, 50, 64)]

    head = ("LLM of 50 ms", *(f"added p50 ms c={c}" for c in (1, 16, 64, 256)))
    head += (*(f"req/s c={c}" for c in (16, 64, 256)), "CPU ms c=64")
    ideal = [
        _show(median(results.take(_rate, subject=DIRECT, llm_ms=50, connections=c).values()))
        for c in (16, 64, 256)
    ]
    rows = [*map(row, SUBJECTS), ["the LLM alone", "0", "0", "0", "0", *ideal, "–"]]
    return _section("LLM chat node + Python node: added latency", head, rows)


def _chat_share(results: Results) -> str:
    def row(subject: Subject) -> list[str]:
        shares = [median(ideal_share(results, subject, c).values()) for c in (1, 16, 64, 256)]
        return [subject.name, *("–" if share is None else f"{share:.1%}" for share in shares)]

    head = ("share of the ideal, LLM of 500 ms", *(f"c={c}" for c in (1, 16, 64, 256)))
    return _section("LLM chat node + Python node: share of what is possible", head, map(row, SUBJECTS))


def _other(results: Results, flow: str, title: str) -> str:
    def row(subject: Subject) -> list[str]:
        return [
            subject.name,
            _figure(results, subject, lambda c: c.rate, 0, 16, flow),
            _figure(results, subject, lambda c: c.rate, 0, 64, flow),
            _figure(results, subject, lambda c: c.cpu_ms, 0, 16, flow),
            _show(median(added(results, subject, 16, flow).values())),
            _times(results, subject, flow),
        ]

    head = ("subject", "req/s c=16", "req/s c=64", "CPU ms c=16", "added p50 ms, LLM 50 ms c=16", "ours is")
    rows = [row(subject) for subject in SUBJECTS if results.take(_rate, flow=flow, subject=subject.key)]
    return _section(title[0].upper() + title[1:], head, rows)


def _chains(results: Results) -> str:
    """What a node costs: the line through the shortest and the longest chain."""
    cpu = {
        count: median(results.take(lambda c: c.cpu_ms, flow=f"nodes{count}", subject=SHIPPED.key).values())
        for count in CHAINS
    }
    rows = [
        (
            str(count),
            _show(ms),
            "–" if count == 1 or not cpu[1] else f"{(ms - cpu[1]) / (count - 1) * 1000:.0f}",
        )
        for count, ms in cpu.items()
        if ms is not None
    ]
    if not rows:
        return ""
    head = ("Python nodes in a chain", "CPU ms a request, c=16", "µs for each further node")
    return _section("Length of a flow", head, rows)


def _sizes(results: Results) -> str:
    def row(key: str, name: str) -> tuple[str, ...]:
        pss = median(m.pss for m in results.memory if m.subject == key and m.flow == "chat")
        rss = median(m.rss for m in results.memory if m.subject == key and m.flow == "chat")
        start = median(s.seconds for s in results.starts if s.subject == key and s.flow == "chat")
        return (name, _show(pss), _show(rss), _show(start))

    subjects = [(subject.key, subject.name) for subject in SUBJECTS]
    subjects.insert(1, ("collector", "Flow Operator, the collector"))
    rows = [row(*subject) for subject in subjects]
    if not results.of("chat"):
        return ""
    head = ("chat flow", "PSS after load, MB", "RSS, MB", "start to 200 on /health, s")
    return _section("Memory and start", head, rows)


def _failures(results: Results) -> str:
    """Requests without a 200: they count in no figure."""
    names = {subject.key: subject.name for subject in SUBJECTS}
    rows = [
        (names[key], flow, f"{count:,}") for (flow, key), count in results.failures().items() if key in names
    ]
    return _section("Requests that failed", ("subject", "flow", "how many"), rows) if rows else ""


def _rate(cell: Cell) -> float:
    return cell.rate


def _figure(
    results: Results,
    subject: Subject,
    what: Callable[[Cell], float | None],
    llm_ms: int,
    connections: int,
    flow: str = "chat",
) -> str:
    where = {"flow": flow, "subject": subject.key, "llm_ms": llm_ms, "connections": connections}
    return _show(median(results.take(what, **where).values()))


def _times(results: Results, subject: Subject, flow: str = "chat") -> str:
    """How many times a subject's requests per second ours makes, at 0 ms and c=16."""
    if subject is SHIPPED:
        return ""
    ours, theirs = (
        results.take(_rate, flow=flow, subject=key, llm_ms=0, connections=16)
        for key in (SHIPPED.key, subject.key)
    )
    ratios = paired(ours, theirs)
    if not ratios:
        return "–"
    return f"{_show(median(ratios))}× ({_show(min(ratios))}–{_show(max(ratios))})"


def _show(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n{table(head, rows)}"
