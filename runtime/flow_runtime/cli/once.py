"""flowop test: run a flow once and print its outputs."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.finding import findings_of, refuse
from flow_runtime.cli.folder import flow_name, packaged
from flow_runtime.cli.loading import load, quiet
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.flow.bare import Bare
from flow_runtime.flow.errors import FlowError, FlowLoadError, NodeError
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.client import HTTPChat
from flow_runtime.llm.connection import Connections

SECONDS = 600.0
"""promptflow's own limit for a line."""
HISTORY = "chat_history"


def run_once(
    path: Path, inputs: str, connections_file: Path | None, variant: str, as_json: bool, screen: Screen
) -> int:
    """Run a flow with inputs, a JSON object or @file: 0, or 1 when it fails. Raises Problem."""
    given = read_inputs(inputs)
    connections = open_connections(connections_file, os.environ, screen)
    name = flow_name(path)
    try:
        with packaged(path) as directory, quiet():
            try:
                flow = load(directory, connections, variant)
            except FlowLoadError as error:
                refuse(name, findings_of(error, directory), as_json, screen)
                return 1
            screen.progress(f"running {name} …")
            outputs = asyncio.run(_run(flow, with_history(flow, given), connections, screen))
    except (FlowError, TimeoutError) as error:
        _fail(name, error, as_json, screen)
        return 1
    screen.result(outputs.value if isinstance(outputs, Bare) else outputs)
    return 0


def read_inputs(text: str) -> dict[str, Any]:
    """Read a JSON object, or the file that `@` names. Raises Problem."""
    shown = "--inputs"
    if text.startswith("@"):
        shown = text[1:]
        try:
            text = Path(shown).read_text(encoding="utf-8")
        except OSError as error:
            raise Problem(f"{shown} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise Problem(f"{shown} is not UTF-8 text") from None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(f"{shown} must be a JSON object of inputs: {error}") from None
    if not isinstance(given, dict):
        raise Problem(f'{shown} must be a JSON object of inputs, such as {{"question": "…"}}')
    return given


def with_history(flow: Loaded, given: dict[str, Any]) -> dict[str, Any]:
    """Begin a chat: the history may be left out, as in promptflow's command (its server wants it)."""
    missing: dict[str, Any] = {
        name: []
        for name, field in flow.inputs.items()
        if field.required
        and (field.is_chat_history or (name == HISTORY and field.is_chat_history is not False))
    }
    return missing | given


async def _run(flow: Loaded, given: dict[str, Any], connections: Connections, screen: Screen) -> Any:
    llm = HTTPChat(connections)
    deadline = asyncio.get_running_loop().time() + SECONDS
    run = Run(flow.take_inputs(given), Services(llm, connections.get, Threads(16)), deadline)
    try:
        async with asyncio.timeout_at(deadline):
            return await flow.run(run)
    finally:
        for step in run.steps:
            screen.progress(f"  {step.node}: {step.status}, {step.seconds:.2f} s")
        await llm.close()


def _fail(name: str, error: Exception, as_json: bool, screen: Screen) -> None:
    kind = error.name if isinstance(error, FlowError) else "DeadlineExceeded"
    message = str(error) or f"the flow took longer than {SECONDS:g} s"
    if as_json:
        node = error.node if isinstance(error, NodeError) else None
        screen.result({"error": {"name": kind, "message": message, "node": node}})
    else:
        screen.failed(f"{name}: {kind}", message)
