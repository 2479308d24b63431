"""promptflow's conversions of values to types, and the inputs of a request by them."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from flow_runtime.flow.errors import InputNotFound, InputTypeError
from flow_runtime.flow.model import FlowInput, ValueType


def convert(kind: ValueType, value: Any) -> Any:
    """Convert a value as promptflow does. Raises ValueError, TypeError or OverflowError."""
    match kind:
        case ValueType.INT:
            return int(value)
        case ValueType.DOUBLE:
            return float(value)
        case ValueType.BOOL:
            return _bool(value)
        case ValueType.STRING:
            return value if type(value) is str else str(value)
        case ValueType.LIST:
            return _list(value)
        case ValueType.OBJECT if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value  # it may well be a text
    return value


def request_inputs(declared: Mapping[str, FlowInput], given: Mapping[str, Any]) -> dict[str, Any]:
    """Take a request's inputs in their types, with defaults; what the flow does not declare is left out.

    Raises InputNotFound and InputTypeError, which name the input.
    """
    inputs = {}
    for name, field in declared.items():
        if name in given:
            value = given[name]
        elif field.required:
            raise InputNotFound(
                f"input '{name}' ({field.type}) is missing: add it to the request's JSON object"
            )
        else:
            # A tool may change what it gets, and the next request must not see that.
            value = copy.deepcopy(field.default)
        try:
            inputs[name] = convert(field.type, value)
        except (ValueError, TypeError, OverflowError):
            raise InputTypeError(
                f"input '{name}' must be of type {field.type}, not {type(value).__name__}"
            ) from None
    return inputs


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("neither true nor false")


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = json.loads(value)
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value
