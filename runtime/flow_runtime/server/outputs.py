"""The outputs of a run as one JSON answer, and as the record keeps them."""

from typing import Any

import orjson

from flow_runtime import json_text
from flow_runtime.flow.bare import OUTPUT, Bare
from flow_runtime.server.faults import OutputNotSerializable
from flow_runtime.server.recorder import Exchange


def whole(exchange: Exchange, outputs: dict[str, Any], hidden: frozenset[str]) -> bytes:
    """Write the answer without the hidden outputs; the exchange gets them all.

    Raises OutputNotSerializable.
    """
    if isinstance(outputs, Bare):
        return _bare(exchange, outputs)
    answered = {name: value for name, value in outputs.items() if name not in hidden} if hidden else outputs
    try:
        content = json_text.write(answered)
        kept = json_text.write(outputs) if hidden else content
    except TypeError as error:
        raise not_serializable(error) from error
    exchange.outputs = orjson.Fragment(kept)
    return content


def _bare(exchange: Exchange, outputs: Bare) -> bytes:
    try:
        content = json_text.write(outputs.value)
    except TypeError as error:
        raise not_serializable(error) from error
    exchange.outputs = {OUTPUT: orjson.Fragment(content)}
    return content


def not_serializable(error: TypeError) -> OutputNotSerializable:
    """Make the error of an output that is no JSON."""
    return OutputNotSerializable(f"the flow ran, and its outputs cannot be written as JSON: {error}")
