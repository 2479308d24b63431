"""The inputs of llm nodes that are the model's and not the prompt's: their types, and what is sent of them.

What is sent follows promptflow-tools 1.6: empty values are left out, tools win over functions. Pure.
"""

from collections.abc import Mapping
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.model import ValueType

CHAT, COMPLETION = "chat", "completion"
MODEL_FIELDS = {
    ConnectionType.OPENAI: "model",
    ConnectionType.AZURE_OPENAI: "deployment_name",
    ConnectionType.SERVERLESS: "model",
}
"""Types of connections that have an LLM, and the input that names its model."""

_COMMON: Mapping[str, ValueType] = {
    "model": ValueType.STRING,
    "deployment_name": ValueType.STRING,
    "temperature": ValueType.DOUBLE,
    "top_p": ValueType.DOUBLE,
    "stop": ValueType.LIST,
    "max_tokens": ValueType.INT,
    "presence_penalty": ValueType.DOUBLE,
    "frequency_penalty": ValueType.DOUBLE,
    "logit_bias": ValueType.OBJECT,
    "user": ValueType.STRING,
}
PARAMETERS: Mapping[str, Mapping[str, ValueType]] = {
    CHAT: {
        **_COMMON,
        "response_format": ValueType.OBJECT,
        "seed": ValueType.INT,
        "functions": ValueType.LIST,
        "function_call": ValueType.OBJECT,
        "tools": ValueType.LIST,
        "tool_choice": ValueType.OBJECT,
    },
    COMPLETION: {
        **_COMMON,
        "suffix": ValueType.STRING,
        "n": ValueType.INT,
        "logprobs": ValueType.INT,
        "echo": ValueType.BOOL,
        "best_of": ValueType.INT,
    },
}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    CHAT: {"temperature": 1.0, "top_p": 1.0},
    COMPLETION: {"temperature": 1.0, "top_p": 1.0, "max_tokens": 16, "n": 1, "best_of": 1},
}
"""promptflow's own, sent always: a server's may be others."""
_EMPTY = ("stop", "logit_bias", "response_format", "user", "suffix", "logprobs", "tool_choice")


def parameters_of(api: str, azure: bool) -> Mapping[str, ValueType]:
    """Give the parameters of an API; only upstream's tool for Azure chats has `n`."""
    return {**PARAMETERS[api], "n": ValueType.INT} if azure and api == CHAT else PARAMETERS[api]


def to_send(api: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Say what is sent of converted parameters. Raises ValueError for functions that are none."""
    sent = dict(_DEFAULTS[api])
    sent |= {name: value for name, value in parameters.items() if value or name not in _EMPTY}
    if api == COMPLETION:
        return sent
    if "deployment_name" in sent:
        sent.setdefault("n", 1)
    if sent.get("tools"):
        sent.pop("functions", None)
        sent.pop("function_call", None)
        return sent
    sent.pop("tools", None)
    sent.pop("tool_choice", None)
    if "functions" not in sent:
        sent.pop("function_call", None)
        return sent
    _check_functions(sent["functions"])
    sent["function_call"] = _function_call(sent.get("function_call"))
    return sent


def _check_functions(functions: Any) -> None:
    if not functions:
        raise ValueError("functions cannot be an empty list")
    for number, function in enumerate(functions):
        place = f"functions[{number}]"
        if not isinstance(function, dict) or not {"name", "parameters"} <= function.keys():
            raise ValueError(f"{place} must be an object with name and parameters")
        schema = function["parameters"]
        fits = isinstance(schema, dict) and schema.get("type") == "object"
        if not fits or not isinstance(schema.get("properties"), dict):
            raise ValueError(f"{place}.parameters must be a JSON schema of type object with properties")


def _function_call(value: Any) -> Any:
    if value is None or value == "":
        return "auto"
    if value in ("auto", "none") or (isinstance(value, dict) and "name" in value):
        return value
    raise ValueError("function_call must be auto, none or an object with the name of a function")
