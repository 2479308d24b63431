"""Pod to operator: what GET :9090/state answers."""

from datetime import datetime

from pydantic import Field

from flow_runtime.contracts.base import Contract

SOURCE_PROBLEM = "Source"
"""What the reasons of a flow that cannot be fetched begin with; `flow_runtime.fetch.errors` has them."""
FETCHING = "Fetching"


class FlowShape(Contract):
    """What a loaded flow takes and gives: names to promptflow types."""

    kind: str
    inputs: dict[str, str] = Field(default_factory=dict)
    outputs: dict[str, str] = Field(default_factory=dict)


class CollectionState(Contract):
    """Counts since the pod began, kept in the spool so that they survive its processes."""

    captured: int = 0
    dropped: int = 0
    stored: int = 0
    last_stored: datetime | None = None
    reason: str = ""
    """Empty while all is well, else a CamelCase word for the condition."""
    message: str = ""


class PodState(Contract):
    """Why a serving pod is ready or not. Hostile text as far as the operator is concerned."""

    revision: str
    ready: bool
    reason: str
    """CamelCase: Fetching, Source…, Loading, FlowInvalid, ConnectionInvalid, Ready."""
    message: str = ""
    flow: FlowShape | None = None
    collection: CollectionState | None = None
