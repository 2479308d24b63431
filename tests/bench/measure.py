"""One round of a subject: started afresh, put under each load, weighed."""

import sys
import time
from pathlib import Path

from tests.bench import load, machine
from tests.bench.plan import Part, Window
from tests.bench.results import Cell, Memory, Results, Start
from tests.bench.running import Running, Stub, ask, running
from tests.bench.stub_llm import PIECES, TEXT
from tests.bench.subjects import Flow, Subject

WARM = 8
DRAIN_SECONDS = 10.0
SETTLE_SECONDS = 30.0
DIRECT = "direct"
"""The LLM itself, asked by the load without anything between: what the ideal is."""
_ASKED = (
    '{"model":"stub","messages":[{"role":"user","content":"Why would a pod stay pending?"}],"temperature":0'
)


def measure(part: Part, subject: Subject, number: int, work: Path, llm: Stub, results: Results) -> None:
    """Start a subject, see that it answers right, warm it up, load it, weigh it."""
    windows = [window for window in part.windows if number < window.until]
    _say(f"{part.title}, round {number + 1} of {part.rounds}: {subject.name}")
    llm.answer_after(0)
    with running(subject, part.flow, work / f"{part.key}-{number}-{subject.key}", llm) as found:
        results.starts.append(Start(part.key, subject.key, found.ready_seconds))
        path = subject.path(part.flow)
        _check(ask(found.port, path, part.flow), subject, part.flow)
        load.drive(found.port, path, part.flow.body, part.flow.accept, WARM, 1)
        _settle(found.pid)
        for window in windows:
            llm.answer_after(window.llm_ms)
            cell = _cell(part, subject, number, window, found)
            results.cells.append(cell)
            if not llm.idle(DRAIN_SECONDS):
                break
        _weigh(part, subject, found, results)


def measure_direct(windows: tuple[Window, ...], number: int, llm: Stub, results: Results) -> None:
    """Measure the LLM alone under the same loads."""
    _say(f"the LLM alone, round {number + 1}")
    for window in windows:
        if number < window.until:
            llm.answer_after(window.llm_ms)
            loaded = load.drive(
                llm.port, "/v1/chat/completions", _ASKED + "}", "*/*", window.connections, window.seconds
            )
            results.cells.append(
                Cell(
                    DIRECT,
                    DIRECT,
                    number,
                    window.llm_ms,
                    window.connections,
                    cpu_seconds=0.0,
                    collector_cpu_seconds=0.0,
                    **vars(loaded),
                )
            )


def _cell(part: Part, subject: Subject, number: int, window: Window, found: Running) -> Cell:
    families = (found.pid, found.collector)
    before = [machine.cpu_seconds(pid) if pid else 0.0 for pid in families]
    flow = part.flow
    loaded = load.drive(
        found.port, subject.path(flow), flow.body, flow.accept, window.connections, window.seconds
    )
    server, collector = (
        (machine.cpu_seconds(pid) if pid else 0.0) - earlier
        for pid, earlier in zip(families, before, strict=True)
    )
    return Cell(
        part.key,
        subject.key,
        number,
        window.llm_ms,
        window.connections,
        cpu_seconds=server,
        collector_cpu_seconds=collector,
        **vars(loaded),
    )


def _weigh(part: Part, subject: Subject, found: Running, results: Results) -> None:
    results.memory.append(Memory(part.key, subject.key, *machine.memory_mb(found.pid)))
    if found.collector is not None:
        results.memory.append(Memory(part.key, "collector", *machine.memory_mb(found.collector)))


def _check(answer: str, subject: Subject, flow: Flow) -> None:
    """Nobody is measured who does not do the work."""
    if flow.streamed:
        right = all(f'"answer": "{piece} "' in answer.replace('":"', '": "') for piece in PIECES)
    elif flow.name.startswith("nodes"):
        right = "pending" in answer
    else:
        right = TEXT.strip() in answer
    if not right:
        raise SystemExit(f"{subject.name} answers the flow {flow.name!r} wrongly: {answer[:500]}")


def _settle(pid: int) -> None:
    """Wait until a subject that was warmed up is at rest: workers may still be starting."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        before = machine.cpu_seconds(pid)
        time.sleep(0.2)
        if machine.cpu_seconds(pid) - before < 0.01:
            return


def _say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {what}\n")
    sys.stderr.flush()
