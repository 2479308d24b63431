"""GET /swagger.json: the flow as OpenAPI 3.0, as upstream describes it."""

import json
from pathlib import Path
from typing import Any

from flow_runtime.flow.load import Loaded
from flow_runtime.flow.model import FlowInput, FlowOutput

SAMPLES = "samples.json"
_TYPES = {"int": "integer", "double": "number", "bool": "boolean", "list": "array", "object": "object"}
_TYPES |= {"image": "object"}
_ANY = {"type": "object", "additionalProperties": {}}
_JSON_OBJECT = {"application/json": {"schema": _ANY}}
_FAILURES = {"400": {"description": "Invalid input"}, "default": {"description": "unexpected error"}}
_FEEDBACK = {
    "post": {
        "summary": "collect promptflow feedback",
        "requestBody": {
            "description": "promptflow feedback data",
            "required": True,
            "content": _JSON_OBJECT,
        },
        "responses": {"200": {"description": "successful operation", "content": _JSON_OBJECT}, **_FAILURES},
    },
    "parameters": [
        {
            "name": "flatten",
            "in": "query",
            "description": "flatten the feedback data into traced data",
            "required": False,
            "schema": {"type": "boolean"},
        }
    ],
}
"""As upstream describes it; `flatten` spreads over a span's attributes what is one value here."""


def swagger(name: str, flow: Loaded, hidden: frozenset[str], example: Any) -> dict[str, Any]:
    """Describe a flow; `hidden` outputs are left out, `example` is the request's."""
    return {
        "openapi": "3.0.0",
        "info": {"title": f"Promptflow[{name}] API", "version": "1.0.0", "x-flow-name": name} | _chat(flow),
        "components": {"securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearerAuth": []}],
        "paths": {"/score": {"post": _score(name, flow, hidden, example)}, "/feedback": _FEEDBACK},
    }


def read_example(directory: Path) -> Any:
    """Take the first sample of a flow's samples.json; {} if there is none that can be used."""
    try:
        samples = json.loads((directory / SAMPLES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return samples[0] if isinstance(samples, list) and samples else {}


def _chat(flow: Loaded) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field in flow.inputs.items():
        if field.is_chat_input:
            found |= {"x-chat-input": name, "x-flow-type": "chat"}
        if field.is_chat_history:
            found["x-chat-history"] = name
    for name, output in flow.outputs.items():
        if output.is_chat_output and not output.evaluation_only:
            found["x-chat-output"] = name
    return found


def _score(name: str, flow: Loaded, hidden: frozenset[str], example: Any) -> dict[str, Any]:
    taken: dict[str, Any] = {"type": "object"}
    if flow.inputs:
        taken["properties"] = {each: _input(field) for each, field in flow.inputs.items()}
        taken["required"] = list(flow.inputs)  # even those with a default, as upstream has it
    shown = {each: _field(field) for each, field in flow.outputs.items() if each not in hidden}
    answered = {"type": "object", "properties": shown} if flow.outputs else {"type": "object"}
    return {
        "summary": f"run promptflow: {name} with an given input",
        "requestBody": {
            "description": "promptflow input data",
            "required": bool(flow.inputs),
            "content": {"application/json": {"schema": taken, "example": example}},
        },
        "responses": {
            "200": {
                "description": "successful operation",
                "content": {"application/json": {"schema": answered}},
            },
            **_FAILURES,
        },
    }


def _input(field: FlowInput) -> dict[str, Any]:
    return _field(field) | ({"default": field.default} if field.default else {})


def _field(field: FlowInput | FlowOutput) -> dict[str, Any]:
    kind = _TYPES.get(field.type.value, "string")
    schema: dict[str, Any] = {"type": kind}
    if field.description:
        schema["description"] = field.description
    if field.type.value == "object":
        schema["additionalProperties"] = {}
    if kind == "array":
        schema["items"] = _ANY
    return schema
