"""From a request's body to the inputs it gives: a JSON object, or the text of a flow's only input."""

from typing import Any

from flow_runtime import json_text
from flow_runtime.flow.load import Loaded
from flow_runtime.server.faults import refused


def given_inputs(body: bytes, flow: Loaded) -> dict[str, Any]:
    """Read a body as upstream does. Raises RequestRefused (400), and RecursionError for too deep a nest."""
    if not flow.inputs:
        return {}
    try:
        given = json_text.read(body)
    except ValueError:
        return {_only_input(flow): _text(body)}
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise refused(
            400, "InvalidJSON", "the body must be a JSON object of inputs, not a list, text or number"
        )
    return given


def _only_input(flow: Loaded) -> str:
    if len(flow.inputs) > 1:
        raise refused(
            400,
            "JsonPayloadRequiredForMultipleInputFields",
            "Promptflow executor received non json data, but there's more than 1 input fields, "
            "please use json request data instead.",
        )
    return next(iter(flow.inputs))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise refused(400, "InvalidJSON", "the body is neither JSON nor UTF-8 text") from None
