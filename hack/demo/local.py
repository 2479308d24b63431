"""`make try`: the whole thread in plain processes on loopback, with a folder as the store.

It runs the very server, collector and evaluator that pods run; only what a cluster would give is made here.
"""

import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.state import PodState
from flow_runtime.store import Store, StoreError
from hack.demo import asking, ending, example, llm, setup, summary
from hack.demo.processes import Processes, free_ports, stop_on_terminate
from hack.demo.results import read_results
from hack.demo.screen import DemoError, fail, heading, step

FOLDER = example.ROOT / "try"
LLM_READY_SECONDS = {llm.Kind.STUB: 20.0, llm.Kind.LOCAL: 180.0}
SERVER_READY_SECONDS = 30.0
STORED_SECONDS = 60.0
JUDGED_SECONDS = {llm.Kind.STUB: 120.0, llm.Kind.OWN: 1800.0, llm.Kind.LOCAL: 5400.0}


JUDGED = re.compile(r"(?:judged|probed) \d+ of \d+")
"""How the evaluator's log tells how far it is."""


@dataclass(frozen=True)
class Thread:
    """What one try works with."""

    processes: Processes
    llm: llm.LLM
    layout: setup.Layout
    server_url: str
    metrics_url: str


async def run(questions: list[example.Question], folder: Path, environment: Mapping[str, str]) -> RunSummary:
    """Serve, ask, collect, judge, and print what came out. Stops every process; leaves the folder."""
    began = time.monotonic()
    chosen = llm.choose(environment)
    shutil.rmtree(folder, ignore_errors=True)
    heading("LLM")
    print(f"  {chosen.said()}")
    heading("Steps")
    with Processes(folder / "logs") as processes:
        chosen = await start_llm(processes, chosen)
        thread = await serve(processes, chosen, setup.write(folder, chosen))
        await wait_until_stored(thread, await ask(thread, questions))
        said = await evaluate(thread)
        heading("Processes (they end with this command)")
        print("\n".join(summary.table(processes.listed())))
    await show(thread, said, folder / "report.html")
    print(f"\nEverything took {time.monotonic() - began:.0f} s.")
    return said


async def start_llm(processes: Processes, chosen: llm.LLM) -> llm.LLM:
    """Start the stub or the local model, and say where it is; the user's own runs already."""
    if chosen.kind is llm.Kind.OWN:
        return chosen
    if chosen.kind is llm.Kind.LOCAL:
        llm.install_local()
    (port,) = free_ports(1)
    with step(f"LLM {chosen.model}"):
        if chosen.kind is llm.Kind.STUB:
            arguments = ["-m", "flow_runtime.llm.scripted", "--host", "127.0.0.1", "--port", str(port)]
            processes.start("llm", [sys.executable, *arguments])
        else:
            processes.start("llm", llm.local_server(port, ["127.0.0.1"]))
        base = f"http://127.0.0.1:{port}/v1"
        await processes.wait_until_ok("llm", f"{base}/models", LLM_READY_SECONDS[chosen.kind])
    return replace(chosen, base_url=base)


async def serve(processes: Processes, chosen: llm.LLM, layout: setup.Layout) -> Thread:
    """Start server and collector, and wait until the flow is loaded."""
    port, metrics_port = free_ports(2)
    settings = str(layout.server_file)
    ports = ["--host", "127.0.0.1", "--port", str(port), "--metrics-port", str(metrics_port)]
    with step("server and collector"):
        processes.start("server", [sys.executable, "-m", "flow_runtime.server", settings, *ports])
        processes.start("collector", [sys.executable, "-m", "flow_runtime.collector", settings])
        await processes.wait_until_ok("server", f"http://127.0.0.1:{port}/health", SERVER_READY_SECONDS)
    return Thread(processes, chosen, layout, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics_port}")


async def ask(thread: Thread, questions: list[example.Question]) -> int:
    """Send the questions; returns how many were answered, each of which is a record."""
    with step(f"{len(questions)} questions to {thread.server_url}/score") as shown:

        def progress(done: int) -> None:
            shown.note = f"{done}"

        at_once = asking.AT_ONCE_SLOW if thread.llm.kind is llm.Kind.LOCAL else asking.AT_ONCE
        results = await asking.ask_all(f"{thread.server_url}/score", questions, progress, at_once)
        shown.note = asking.told(results)
    answered = sum(r.ok for r in results)
    if not answered:
        raise DemoError("no question was answered", f"see {thread.processes.log('server')}")
    return answered


async def wait_until_stored(thread: Thread, count: int) -> None:
    """Wait until the collector has put every record into the store, by what the pod's /state says."""
    stored, deadline = 0, time.monotonic() + STORED_SECONDS
    with step("records into the store") as shown:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while stored < count:
                thread.processes.check()
                async with session.get(f"{thread.metrics_url}/state") as response:
                    state = PodState.model_validate_json(await response.read())
                stored = state.collection.stored if state.collection else 0
                shown.note = f"{stored} of {count}"
                if time.monotonic() > deadline:
                    why = state.collection.message if state.collection else "nothing is collected"
                    raise DemoError(
                        f"{stored} of {count} records stored after {STORED_SECONDS:.0f} s: {why}",
                        f"see {thread.processes.log('collector')}",
                    )
                await asyncio.sleep(0.2)


async def evaluate(thread: Thread) -> RunSummary:
    """Run the evaluator as its Job would, and read its termination message."""
    file = thread.layout.summary_file
    with step(f"judging with {thread.llm.model}") as shown:

        def progress(line: str) -> None:
            found = JUDGED.search(line)
            shown.note = found.group() if found else shown.note

        command = [sys.executable, "-m", "flow_runtime.evaluator", str(thread.layout.evaluator_file)]
        code = await thread.processes.finish(
            "evaluator",
            command,
            {"FLOW_TERMINATION_LOG": str(file)},
            JUDGED_SECONDS[thread.llm.kind],
            progress,
        )
    advice = f"see {thread.processes.log('evaluator')}"
    try:
        said = RunSummary.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        tail = thread.processes.tail("evaluator")
        raise DemoError(f"the evaluator ended with code {code} and no summary:\n{tail}", advice) from None
    if said.problem:
        raise DemoError(f"the run could not be made: {said.problem}: {said.message}", advice)
    return said


async def show(thread: Thread, said: RunSummary, report: Path) -> None:
    """Print the results and keep the report."""
    store = Store.open(thread.layout.store)
    found = await read_results(store, setup.IDENTITY, setup.MONITOR, said.run)
    ending.print_ending(found, store.url, report)


def main() -> int:
    """Run it; 0 when it came to a verdict, whatever that is."""
    stop_on_terminate()
    try:
        asyncio.run(run(example.questions(), FOLDER, os.environ))
    except DemoError as error:
        return fail(error)
    except StoreError as error:
        return fail(DemoError(str(error), f"look into {FOLDER}"))
    except KeyboardInterrupt:
        print("\nInterrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
