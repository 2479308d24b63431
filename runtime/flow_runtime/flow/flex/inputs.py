"""The inputs of a flex flow: its YAML's where it writes them, else its signature's. Pure."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any

from flow_runtime.flow.errors import InputNotFound
from flow_runtime.flow.flex.definition import Definition
from flow_runtime.flow.flex.entry import Entry
from flow_runtime.flow.model import FlowInput, ValueType
from flow_runtime.flow.values import request_inputs


class _Optional(FlowInput):
    """A parameter with a default, which may be None."""

    @property
    def required(self) -> bool:
        """No."""
        return False


def flow_inputs(definition: Definition, entry: Entry) -> dict[str, FlowInput]:
    """Say what the entry takes, in the order of its parameters; what else the YAML has, it cannot take."""
    signature, parameters = entry.signature, inspect.signature(entry.found).parameters
    inputs = {}
    for name, parameter in parameters.items():
        if name not in signature.known:
            continue
        written = definition.inputs.get(name)
        default = None if parameter.default is parameter.empty else parameter.default
        if written is not None and (written.default is not None or default is None):
            inputs[name] = written
        else:
            kind = written.type if written else signature.types.get(name, ValueType.OBJECT)
            made = FlowInput if parameter.default is parameter.empty else _Optional
            inputs[name] = made(type=kind, default=default)
    if signature.takes_any:
        inputs |= {name: field for name, field in definition.inputs.items() if name not in inputs}
    return inputs


def take(
    inputs: Mapping[str, FlowInput],
    written: Mapping[str, FlowInput],
    given: Mapping[str, Any],
    sample: Mapping[str, Any],
) -> dict[str, Any]:
    """Take a request's inputs: those the YAML writes in their types, others as they come.

    For a request without any, where none is required, the sample stands in. Raises InputError.
    """
    for name, field in inputs.items():
        if field.required and name not in given:
            raise InputNotFound(
                f"input '{name}' ({field.type}) is missing: add it to the request's JSON object"
            )
    given = given or sample
    typed = {name: field for name, field in inputs.items() if name in written}
    taken = request_inputs(typed, given) if typed else {}
    for name, field in inputs.items():
        if name not in taken:
            taken[name] = given[name] if name in given else copy.deepcopy(field.default)
    return taken
