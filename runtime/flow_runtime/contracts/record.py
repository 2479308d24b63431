"""Server to spool to store: one JSON line per request."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from flow_runtime.contracts.base import Contract


class RecordError(Contract):
    """Why a request failed, and at which node of the flow, if at one."""

    code: str
    """What it is called in logs and metrics, such as LLMUnavailable."""
    message: str
    """The answer's own message."""
    node: str | None = None
    """Where in the flow it failed, if at a node."""


class TokenCount(Contract):
    """Tokens as the LLM's `usage` reported them."""

    prompt: int = 0
    """Tokens that went in."""
    completion: int = 0
    """Tokens that came out."""


class LLMCall(Contract):
    """One call of an LLM by a node."""

    node: str
    """The node that asked."""
    model: str
    """The model that was asked."""
    ms: float
    """How long the answer took, retries included."""
    tokens: TokenCount
    """Of this call."""


class Sampled(Contract):
    """The rate in force, and whether the rate or a failure caused the record to be kept."""

    percent: int = 100
    """The rate in force; a record of `rate` stands for 100 / percent requests."""
    why: Literal["rate", "error"] = "rate"
    """Kept by the rate, or because it failed: all failures are."""


class Record(Contract):
    """One collected request."""

    v: Literal[1] = 1
    """Of this format."""
    id: str
    """UUIDv7 (RFC 9562)."""
    time: datetime
    """When the request came in, in UTC."""
    namespace: str
    """Of the FlowDeployment."""
    deployment: str
    """The FlowDeployment's name."""
    revision: str
    """What answered: 12 hex digits for the flow's bytes and the settings it ran with."""
    pod: str
    """The pod's name; its uid is in the object's name."""
    request_id: str
    """The caller's x-request-id, else the record's id."""
    trace_id: str | None = None
    """That of the caller's traceparent (W3C)."""
    user: str | None = None
    """The keyed hash of who asked, where collection.user says who that is."""
    inputs: dict[str, JsonValue]
    """With defaults filled in."""
    outputs: dict[str, JsonValue] | None = None
    """With evaluation_only ones; null when the flow failed before it answered. Of a stream that failed
    midway, what the client got."""
    nodes: dict[str, JsonValue] = Field(default_factory=dict)
    """Outputs of the nodes that collection.captureNodes names."""
    status: int
    """The HTTP status that the client got; 499 when it went away before it got one."""
    error: RecordError | None = None
    """Why it failed; null when it did not."""
    streamed: bool = False
    """Whether the answer went out as a stream of events."""
    latency_ms: float
    """From the request to the answer's last byte."""
    first_byte_ms: float | None = None
    """From the request to the answer's first byte."""
    tokens: TokenCount = TokenCount()
    """The sum over all calls."""
    calls: tuple[LLMCall, ...] = ()
    """Calls of LLMs, in the order they ended."""
    sampled: Sampled = Sampled()
    """Why it was kept."""
    redacted: dict[str, int] = Field(default_factory=dict)
    """How much was taken out, by kind."""
    truncated: tuple[str, ...] = ()
    """Fields that were cut, such as `inputs.document`."""
