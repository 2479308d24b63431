"""flowop test: run a flow once and print its outputs."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.finding import Finding, findings_of, refuse
from flow_runtime.cli.folder import flow_name, packaged
from flow_runtime.cli.inputs import read_inputs, unknown_inputs, with_history
from flow_runtime.cli.loading import load, quiet
from flow_runtime.cli.screen import Screen
from flow_runtime.flow.bare import Bare
from flow_runtime.flow.errors import FlowError, FlowLoadError, NodeError
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.client import HTTPChat
from flow_runtime.llm.connection import Connections

SECONDS = 600.0
"""promptflow's own limit for a line."""
PATIENCE = 2.0


def run_once(
    path: Path,
    inputs: Sequence[str],
    connections_file: Path | None,
    variant: str,
    as_json: bool,
    screen: Screen,
) -> int:
    """Run a flow with inputs, as `read_inputs` takes them: 0, or 1 when it fails. Raises Problem."""
    given = read_inputs(inputs)
    connections = open_connections(connections_file, os.environ, screen)
    name = flow_name(path)
    try:
        with packaged(path) as directory, quiet():
            try:
                flow = load(directory, connections, variant)
            except FlowLoadError as error:
                _refuse(name, findings_of(error, directory), as_json, screen)
                return 1
            if unknown := unknown_inputs(given, flow.inputs):
                screen.note(unknown)
            screen.progress(f"running {name} …")
            outputs = asyncio.run(_run(flow, with_history(flow.inputs, given), connections, screen))
    except (FlowError, TimeoutError) as error:
        _fail(name, error, as_json, screen)
        return 1
    screen.result(outputs.value if isinstance(outputs, Bare) else outputs)
    return 0


async def _run(flow: Loaded, given: dict[str, Any], connections: Connections, screen: Screen) -> Any:
    llm = HTTPChat(connections)
    deadline = asyncio.get_running_loop().time() + SECONDS
    run = Run(flow.take_inputs(given), Services(llm, connections.get, Threads(16)), deadline)
    watching = asyncio.create_task(_watch(run, screen))
    try:
        async with asyncio.timeout_at(deadline):
            return await flow.run(run)
    finally:
        watching.cancel()
        for step in run.steps:
            screen.progress(f"  {step.node}: {step.status}, {step.seconds:.2f} s")
        await llm.close()


async def _watch(run: Run, screen: Screen) -> None:
    """Say what is being waited for, every few seconds."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        await asyncio.sleep(PATIENCE)
        screen.progress(f"  {', '.join(run.unfinished) or 'the flow'}: {loop.time() - begun:.0f} s …")


def _refuse(name: str, findings: Sequence[Finding], as_json: bool, screen: Screen) -> None:
    if as_json:
        errors = [finding.as_json() for finding in findings]
        screen.result({"error": {**errors[0], "node": None}, "errors": errors})
    else:
        refuse(name, findings, False, screen)


def _fail(name: str, error: Exception, as_json: bool, screen: Screen) -> None:
    kind = error.name if isinstance(error, FlowError) else "DeadlineExceeded"
    message = str(error) or f"the flow took longer than {SECONDS:g} s"
    if as_json:
        node = error.node if isinstance(error, NodeError) else None
        screen.result({"error": {"name": kind, "message": message, "node": node}})
    else:
        screen.failed(f"{name}: {kind}", message)
