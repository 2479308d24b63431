"""Collector to operator: what a pod takes with it, as the termination message of its collector."""

from pydantic import Field

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.state import RecordCounts


class Undelivered(Contract):
    """Segments that a collector that was told to end has not stored; kept up to date until it has ended.

    So it is also true of a collector that the kubelet had to kill. No message: it was not told to end.
    """

    records: int = Field(ge=0)
    feedback: int = Field(0, ge=0)
    """Rows of feedback."""
    first_segment: int = Field(0, ge=0)
    """The lowest number of a segment of records that was not stored; 0 when there is none."""
    last_segment: int = Field(0, ge=0)
    reason: str = ""
    """Why, as a CamelCase word: StoreUnreachable, StoreRefused, ..."""
    counts: RecordCounts | None = None
    """What the pod came to in all, also where nothing is undelivered: it makes the totals exact."""
