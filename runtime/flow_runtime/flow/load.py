"""From a folder to a flow that is ready to run, or a FlowLoadError that names place and fix."""

from collections.abc import Callable, Mapping
from pathlib import Path

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.dag import load_dag
from flow_runtime.flow.flow import Flow
from flow_runtime.llm.connection import Connection


def load_flow(
    directory: Path,
    connections: Mapping[str, ConnectionType] | None,
    variant: str = "",
    connection: Callable[[str], Connection] | None = None,
) -> Flow:
    """Read, check and compile the flow in a folder; runs its Python files. Raises FlowLoadError.

    `connections` are the names there are, by type; None: whatever a flow names is taken to be there.
    `variant` is `node.variant_id`. `connection` gives the values for `${connection.key}` among the flow's
    environment variables; without it those are left alone.
    """
    return load_dag(directory, connections, variant, connection)
