"""From a folder to a flow that is ready to run, or a FlowLoadError that names place and fix."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.contracts.state import FlowShape
from flow_runtime.flow.dag import load_dag
from flow_runtime.flow.environment import Variables
from flow_runtime.flow.errors import FlowDefinitionError
from flow_runtime.flow.model import FlowInput, FlowOutput
from flow_runtime.flow.read import FLEX_FILES, find_flow, read_bytes
from flow_runtime.flow.run import Run
from flow_runtime.llm.connection import Connection

_ENTRY = re.compile(rb"^[\"']?entry[\"']?[ \t]*:", re.MULTILINE)


class Loaded(Protocol):
    """What every kind of flow is to those who run it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def kind(self) -> str:
        """`dag`, `flex` or `prompty`."""

    @property
    def inputs(self) -> Mapping[str, FlowInput]:
        """What it takes."""

    @property
    def outputs(self) -> Mapping[str, FlowOutput]:
        """What it gives."""

    @property
    def hidden(self) -> frozenset[str]:
        """Outputs that are recorded and not answered."""

    @property
    def streams(self) -> frozenset[str]:
        """Outputs that may be a Stream where a run streams."""

    @property
    def nodes(self) -> Sequence[Any]:
        """Its nodes, with their names; a flow that is no DAG has none."""

    @property
    def variables(self) -> Variables:
        """The variables of the process that follow a connection."""

    @property
    def shape(self) -> FlowShape:
        """What it takes and gives, for the operator."""

    def take_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a request's inputs. Raises InputError."""

    async def run(self, run: Run) -> dict[str, Any]:
        """Run it and return the outputs; a Bare holds one without a name. Raises NodeError, InputError."""


def load_flow(
    directory: Path,
    connections: Mapping[str, ConnectionType] | None,
    variant: str = "",
    connection: Callable[[str], Connection] | None = None,
) -> Loaded:
    """Read, check and compile the flow in a folder; runs its Python files.

    Raises FlowLoadError: the first that is found, which carries all others.

    `connections` are the names there are, by type; None: whatever a flow names is taken to be there.
    `variant` is `node.variant_id`. `connection` gives the values for `${connection.key}` among the flow's
    environment variables; without it those are left alone.
    """
    path = find_flow(directory)
    is_prompty = path.suffix == ".prompty"
    if not (is_prompty or path.name in FLEX_FILES or _ENTRY.search(read_bytes(path))):
        return load_dag(path, connections, variant, connection)
    if variant:
        raise FlowDefinitionError(f"{path.name}: it has no variants, so leave '{variant}' out")
    # Imported where they are wanted: a DAG has no use for them, and starts sooner.
    if is_prompty:
        from flow_runtime.flow.prompty.flow import load_prompty

        return load_prompty(path, connections)
    from flow_runtime.flow.flex.flow import load_flex

    return load_flex(path, connections, connection)
