"""Server to spool to store: one JSON line per request."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from flow_runtime.contracts.base import Contract


class RecordError(Contract):
    """Why a request failed, and at which node of the flow, if at one."""

    code: str
    message: str
    node: str | None = None


class TokenCount(Contract):
    """Tokens as the LLM's `usage` reported them."""

    prompt: int = 0
    completion: int = 0


class LLMCall(Contract):
    """One call of an LLM by a node."""

    node: str
    model: str
    ms: float
    tokens: TokenCount


class Sampled(Contract):
    """The rate in force, and whether the rate or a failure caused the record to be kept."""

    percent: int = 100
    why: Literal["rate", "error"] = "rate"


class Record(Contract):
    """One collected request."""

    v: Literal[1] = 1
    id: str
    """UUIDv7 (RFC 9562)."""
    time: datetime
    namespace: str
    deployment: str
    revision: str
    pod: str
    request_id: str
    trace_id: str | None = None
    user: str | None = None
    """The keyed hash of who asked, where collection.user says who that is."""
    inputs: dict[str, JsonValue]
    """With defaults filled in."""
    outputs: dict[str, JsonValue] | None = None
    """With evaluation_only ones; None when the flow failed before it answered. Of a stream that failed
    midway, what the client got."""
    nodes: dict[str, JsonValue] = Field(default_factory=dict)
    status: int
    """The HTTP status that the client got; 499 when it went away before it got one."""
    error: RecordError | None = None
    streamed: bool = False
    latency_ms: float
    first_byte_ms: float | None = None
    tokens: TokenCount = TokenCount()
    calls: tuple[LLMCall, ...] = ()
    sampled: Sampled = Sampled()
    redacted: dict[str, int] = Field(default_factory=dict)
    """How much was taken out, by kind."""
    truncated: tuple[str, ...] = ()
    """Fields that were cut, such as `inputs.document`."""
