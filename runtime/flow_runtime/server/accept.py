"""Content negotiation, decided before the flow runs: JSON, a stream of events, or nothing that we have.

Weights (`q=`) never rank, as upstream: whoever names `text/event-stream` wants a stream.
"""

from enum import Enum

EVENT_STREAM = b"text/event-stream"
_JSON = frozenset((b"*/*", b"application/*", b"application/json"))


class Form(Enum):
    """How a request is answered."""

    JSON = "json"
    STREAM = "stream"
    EITHER = "either"
    """As a stream, unless the run turns out to give nothing that streams."""


def choose(accept: bytes | None, streams: bool) -> Form | None:
    """Choose the form for an Accept header; None: not acceptable. `streams`: the flow can stream."""
    if not accept or accept == b"*/*":
        return Form.JSON
    ranges = media_ranges(accept)
    if not ranges:
        return Form.JSON
    json = not _JSON.isdisjoint(ranges)
    if streams and EVENT_STREAM in ranges:
        return Form.EITHER if json else Form.STREAM
    return Form.JSON if json else None


def media_ranges(accept: bytes) -> list[bytes]:
    """Part an Accept header into its media ranges, in lower case and without parameters."""
    parts = (part.partition(b";")[0].strip().lower() for part in accept.split(b","))
    return [part for part in parts if part]


def not_acceptable(accept: bytes, streams: bool) -> str:
    """Say that nothing fits, in upstream's words."""
    asked = ",".join(part.decode("latin-1") for part in media_ranges(accept))
    asked = "".join(char if char.isprintable() else "?" for char in asked)[:200]
    offered = "text/event-stream, application/json" if streams else "application/json"
    return f"Media type {asked} in Accept header is not acceptable. Supported media type(s) - {offered}"
