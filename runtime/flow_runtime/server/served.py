"""What a server knows of its flow: the flow, what of its outputs is answered, its description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_runtime.flow.errors import FlowDefinitionError
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.model import ValueType
from flow_runtime.server.swagger import read_example, swagger

INCLUDED_FIELDS = "PROMPTFLOW_RESPONSE_INCLUDED_FIELDS"


@dataclass(frozen=True)
class Served:
    """A loaded flow as its callers see it."""

    flow: Loaded
    hidden: frozenset[str]
    """Outputs that are recorded and not answered."""
    streams: frozenset[str]
    """Outputs that are answered and can stream."""
    swagger: Mapping[str, Any]

    @property
    def secrets(self) -> frozenset[str]:
        """Inputs of type secret, which no record may hold."""
        return frozenset(name for name, field in self.flow.inputs.items() if field.type is ValueType.SECRET)

    @classmethod
    def of(cls, flow: Loaded, name: str, directory: Path, environ: Mapping[str, str]) -> "Served":
        """Look at a flow in its folder. Raises FlowDefinitionError."""
        hidden = hidden_outputs(flow, environ)
        described = swagger(name, flow, hidden, read_example(directory))
        return cls(flow, hidden, flow.streams - hidden, described)


def hidden_outputs(flow: Loaded, environ: Mapping[str, str]) -> frozenset[str]:
    """Name the outputs that are not answered: those for evaluation only, or all but the included ones.

    Raises FlowDefinitionError when the variable is no JSON list of names.
    """
    included = environ.get(INCLUDED_FIELDS)
    if not included:
        return flow.hidden
    try:
        names = json.loads(included)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list):
        raise FlowDefinitionError(
            f'{INCLUDED_FIELDS} must be a JSON list of output names, for example ["answer"]'
        )
    return frozenset(name for name in flow.outputs if name not in names)
