"""python -m tests.soak [MINUTES]: the server as shipped on one CPU at 80 % of its most; 1 if anything fails.

Collection is on, a collector beside it; load and LLM have the last CPU. Then 200 streams at once, then
SIGTERM under full load.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from tests.bench.machine import described
from tests.bench.running import Running, Stub, running, stub
from tests.bench.subjects import HERE, Flow, Ours, Place, Started
from tests.soak.load import STREAM, Client, Tally, drive
from tests.soak.watch import Sample, around, slope, watch

CLIENTS, STREAMS = 32, 200
SHARE, HELD = 0.8, 0.97
WARM_SECONDS, MOST_SECONDS, END_SECONDS = 5.0, 10.0, 10.0
BODY = json.dumps({"question": "Why does my pod stay pending?"})
FLOW = Flow("stream", HERE / "flows" / "stream", BODY)


@dataclass(frozen=True)
class Watched(Ours):
    """Our server, with its metrics where they can be found."""

    metrics_port: int = 0

    def start(self, flow: Flow, place: Place) -> Started:
        started = super().start(flow, place)
        command = [
            each.replace("--metrics-port=0", f"--metrics-port={self.metrics_port}")
            for each in started.command
        ]
        return replace(started, command=command)


def main(minutes: float) -> int:
    """Run it all and tell."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subject = Watched("soak", "Flow Operator, as shipped", metrics_port=port)
    print(f"{described()}; the server as shipped on CPU 0, collection on")
    print(f"{CLIENTS} clients: JSON, a quarter streams, one in eight a mistake")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        stub() as llm,
        running(subject, FLOW, Path(folder) / "server", llm) as server,
    ):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        failures = uvloop.run(soak(server, llm, port, minutes))
    print("nothing failed" if not failures else f"FAILED: {'; '.join(failures)}")
    return 1 if failures else 0


async def soak(server: Running, llm: Stub, metrics_port: int, minutes: float) -> list[str]:
    """The three parts; what failed."""
    ending = asyncio.Event()
    failures = await steady(server, metrics_port, minutes, ending)
    failures += await streams(server, llm, ending)
    return failures + await terminated(server, ending)


async def steady(server: Running, metrics_port: int, minutes: float, ending: asyncio.Event) -> list[str]:
    """As fast as it goes for a moment, then at 80 % of that for minutes, watched."""
    tally = Tally()
    clients = [Client(server.port, BODY, tally, ending) for _ in range(CLIENTS)]
    await drive(clients, WARM_SECONDS)
    most = await drive(clients, MOST_SECONDS) / MOST_SECONDS
    print(
        f"most: {most:,.0f} requests/s; {minutes:g} min at {SHARE:.0%} of it, {SHARE * most:,.0f} requests/s"
    )
    samples: list[Sample] = []
    watching = asyncio.create_task(watch(server.pid, metrics_port, samples, min(5.0, minutes * 3)))
    begun = time.monotonic()
    asked = await drive(clients, minutes * 60, SHARE * most)
    seconds = time.monotonic() - begun
    watching.cancel()
    for client in clients:
        await client.close()
    held, wrong = asked / seconds / (SHARE * most), sum(tally.wrong.values())
    print(
        f"{asked:,} requests in {seconds:.0f} s ({asked / seconds:,.0f}/s), {wrong} errors"
        + ("" if held > HELD else f"; THE RATE WAS NOT HELD ({held:.0%}): is the machine busy?")
    )
    print("answered: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.answered.items())))
    print(f"{'':12}{'begin':>9}{'end':>9}   slope")
    for name, unit in (("pss", "MB"), ("rss", "MB"), ("files", ""), ("threads", ""), ("in_flight", "")):
        first, last = around(samples, name, end=False), around(samples, name, end=True)
        print(f"{name:12}{first:9.1f}{last:9.1f}   {slope(samples, name):+.2f} {unit}/h".rstrip())
    return [f"{count} × {what}" for what, count in tally.wrong.items()]


async def streams(server: Running, llm: Stub, ending: asyncio.Event) -> list[str]:
    """200 streams at once, from an LLM that takes a second."""
    llm.answer_after(1000)
    tally = Tally()
    clients = [Client(server.port, BODY, tally, ending) for _ in range(STREAMS)]
    begun = time.monotonic()
    await asyncio.gather(*(client.ask(STREAM) for client in clients))
    whole, seconds = tally.answered[STREAM], time.monotonic() - begun
    print(f"{STREAMS} streams at once, the LLM takes 1 s: {whole} whole, all within {seconds:.2f} s")
    llm.answer_after(0)
    for client in clients:
        await client.close()
    return [f"{count} × {what} of 200 streams" for what, count in tally.wrong.items()]


async def terminated(server: Running, ending: asyncio.Event) -> list[str]:
    """SIGTERM while all clients ask as fast as they can."""
    tally = Tally()
    clients = [Client(server.port, BODY, tally, ending) for _ in range(CLIENTS)]

    async def terminate() -> float:
        await asyncio.sleep(2)
        os.kill(server.pid, signal.SIGTERM)
        ending.set()
        begun = time.monotonic()
        while time.monotonic() < begun + END_SECONDS and _runs(server.pid):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
        return time.monotonic() - begun

    asked, took = await asyncio.gather(drive(clients, 2 + END_SECONDS), terminate())
    for client in clients:
        await client.close()
    lost = sum(tally.wrong.values())
    print(
        f"SIGTERM under load: {asked:,} requests, {sum(tally.answered.values()):,} answered, {lost} lost, "
        f"{tally.turned_away} begun after it and not taken; ended in {took:.2f} s"
    )
    late = [] if took < END_SECONDS else [f"it did not end within {END_SECONDS:g} s"]
    return [*late, *(f"{count} × {what} around SIGTERM" for what, count in tally.wrong.items())]


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
