"""flowop validate: load a flow and say all that is wrong with it, by promptflow's names, and where."""

import os
from pathlib import Path
from typing import Any

from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.finding import Finding, findings_of, refuse
from flow_runtime.cli.folder import flow_name, packaged
from flow_runtime.cli.loading import described, load, quiet
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.flow.check import check_defaults
from flow_runtime.flow.errors import FlowLoadError, InvalidSource, UserErrorException
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.prompty.document import check_roles
from flow_runtime.flow.prompty.flow import PromptyFlow
from flow_runtime.llm.connection import Connections


def validate(path: Path, connections_file: Path | None, variant: str, as_json: bool, screen: Screen) -> int:
    """Validate a flow: 0 when it can be served, else 1. Raises Problem, which scripts get as JSON, too."""
    name = flow_name(path)
    try:
        connections = open_connections(connections_file, os.environ, screen)
        known = connections if connections_file or connections.types else None
        found = _check(path, known, variant)
    except Problem as problem:
        if as_json:
            refuse(name, [Finding.of(UserErrorException(str(problem)))], True, screen)
        raise
    if isinstance(found, list):
        refuse(name, found, as_json, screen)
        return 1
    if as_json:
        screen.result(_valid(name, found, known is not None))
    else:
        screen.fine(f"{name}: {described(found)}")
        if known is None:
            screen.note("  names of connections were not checked: give --connections to check them")
    return 0


def _check(path: Path, connections: Connections | None, variant: str) -> Loaded | list[Finding]:
    """Load the flow as its pod would; what is wrong instead, where something is. Raises Problem."""
    findings = Findings()
    try:
        with packaged(path, findings) as directory, quiet():
            try:
                with findings.keep():
                    flow = load(directory, connections, variant)
                    _check_requests(flow)
                findings.settle()
            except FlowLoadError as error:
                return findings_of(error, directory)
    except InvalidSource as error:  # it cannot even be packaged
        return [Finding.of(error)]
    return flow


def _check_requests(flow: Loaded) -> None:
    """Refuse what is served and fails in requests. Raises FlowLoadError."""
    if flow.kind == "dag":
        check_defaults(flow.inputs)
    elif isinstance(flow, PromptyFlow):
        check_roles(flow.prompty.document)


def _valid(name: str, flow: Loaded, checked: bool) -> dict[str, Any]:
    return {
        "valid": True,
        "flow": name,
        "kind": flow.kind,
        "inputs": {each: field.type.value for each, field in flow.inputs.items()},
        "outputs": {each: field.type.value for each, field in flow.outputs.items()},
        "streams": sorted(flow.streams),
        "connections_checked": checked,
        "errors": [],
    }
