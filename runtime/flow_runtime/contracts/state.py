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


class RecordCounts(Contract):
    """Records of one pod since it began; kept in the spool, so that they survive its processes.

    `captured + sum(dropped.values()) + unsampled` is the requests that were answered;
    `captured - stored - lost` is the records that wait in the spool.
    """

    captured: int = 0
    """Records that were written to the spool."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """Records that did not get into the spool, by reason."""
    unsampled: int = 0
    """Requests that were not drawn, so that there is no record of them."""
    stored: int = 0
    lost: int = 0
    """Captured records that could not be read back from the spool."""


class CollectionState(RecordCounts):
    """How a pod's records fare."""

    last_stored: datetime | None = None
    spool_bytes: int = 0
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
