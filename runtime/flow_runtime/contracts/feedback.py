"""Server to spool to store: one JSON line per feedback, joined to its record by the request's id."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from flow_runtime.contracts.base import Contract


class Feedback(Contract):
    """What a user thought of an answer."""

    v: Literal[1] = 1
    """Of this format."""
    id: str
    """UUIDv7 (RFC 9562)."""
    time: datetime
    """When it came in, in UTC."""
    namespace: str
    """Of the FlowDeployment."""
    deployment: str
    """The FlowDeployment's name."""
    revision: str
    """Of the pod that took it, which may not be the one that answered."""
    pod: str
    """The pod that took it."""
    request_id: str | None = None
    """That of the answer, if the caller sent it (x-request-id)."""
    trace_id: str | None = None
    """That of the caller's traceparent, as promptflow joins them."""
    feedback: JsonValue
    """The body: JSON, or a text."""
    redacted: dict[str, int] = Field(default_factory=dict)
    """How much was taken out, by kind."""
    truncated: tuple[str, ...] = ()
    """`feedback` if it was cut."""
