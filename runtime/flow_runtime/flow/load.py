"""From a folder to a flow that is ready to run, or a FlowLoadError that names place and fix."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.dag import load_dag
from flow_runtime.flow.flex.flow import FlexFlow, load_flex
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.prompty.flow import PromptyFlow, load_prompty
from flow_runtime.flow.read import FLEX_FILES, find_flow
from flow_runtime.llm.connection import Connection

Loaded = Flow | FlexFlow | PromptyFlow
"""All have the same face: name, kind, inputs, outputs, hidden, streams, shape, take_inputs, run."""
_ENTRY = re.compile(rb"^[\"']?entry[\"']?[ \t]*:", re.MULTILINE)


def load_flow(
    directory: Path,
    connections: Mapping[str, ConnectionType] | None,
    variant: str = "",
    connection: Callable[[str], Connection] | None = None,
) -> Loaded:
    """Read, check and compile the flow in a folder; runs its Python files. Raises FlowLoadError.

    `connections` are the names there are, by type; None: whatever a flow names is taken to be there.
    `variant` is `node.variant_id`. `connection` gives the values for `${connection.key}` among the flow's
    environment variables; without it those are left alone.
    """
    path = find_flow(directory)
    if path.suffix == ".prompty":
        return load_prompty(path, connections)
    if path.name in FLEX_FILES or _ENTRY.search(path.read_bytes()):
        return load_flex(path, connections, connection)
    return load_dag(path, connections, variant, connection)
