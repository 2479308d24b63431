"""flowop validate: load a flow and say what is wrong with it, by promptflow's name for it, and where."""

import os
from pathlib import Path
from typing import Any

from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.folder import flow_name, packaged
from flow_runtime.cli.loading import described, load, quiet
from flow_runtime.cli.screen import Screen
from flow_runtime.cli.where import Place, place_of
from flow_runtime.flow.check import check_defaults
from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.load import Loaded


def validate(path: Path, connections_file: Path | None, variant: str, as_json: bool, screen: Screen) -> int:
    """Validate a flow: 0 when it can be served, else 1. Raises Problem."""
    connections = open_connections(connections_file, os.environ, screen)
    known = connections if connections_file or connections.types else None
    name, place = flow_name(path), None
    try:
        with packaged(path) as directory, quiet():
            try:
                flow = load(directory, known, variant)
                if flow.kind == "dag":
                    check_defaults(flow.inputs)
            except FlowLoadError as error:
                place = place_of(error, directory)
                raise
    except FlowLoadError as error:
        if as_json:
            screen.result(_invalid(name, error, place))
        else:
            screen.failed(f"{name}: {error.name}", *([str(place)] if place else []), str(error))
        return 1
    if as_json:
        screen.result(_valid(name, flow))
    else:
        screen.fine(f"{name}: {described(flow)}")
        if known is None and flow.kind == "dag":
            screen.note("  names of connections were not checked: give --connections to check them")
    return 0


def _valid(name: str, flow: Loaded) -> dict[str, Any]:
    return {
        "valid": True,
        "flow": name,
        "kind": flow.kind,
        "inputs": {each: field.type.value for each, field in flow.inputs.items()},
        "outputs": {each: field.type.value for each, field in flow.outputs.items()},
        "streams": sorted(flow.streams),
        "errors": [],
    }


def _invalid(name: str, error: FlowLoadError, place: Place | None) -> dict[str, Any]:
    found = {
        "name": error.name,
        "message": str(error),
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
    return {"valid": False, "flow": name, "errors": [found]}
