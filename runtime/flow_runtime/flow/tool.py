"""The `@tool` function of a Python node: find it, know its parameters, convert literals to their types."""

import importlib.util
import inspect
import itertools
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.errors import (
    MultipleToolsDefined,
    NodeInputValidationError,
    NoToolDefined,
    PythonLoadError,
    UnsupportedFeature,
)
from flow_runtime.flow.model import ValueType
from flow_runtime.flow.shim import TOOL_MARK
from flow_runtime.flow.values import convert

_NUMBERS = itertools.count(1)
_TYPES: dict[Any, ValueType] = {
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    bool: ValueType.BOOL,
    str: ValueType.STRING,
    list: ValueType.LIST,
}
_CONNECTIONS = {
    "OpenAIConnection": ConnectionType.OPENAI,
    "AzureOpenAIConnection": ConnectionType.AZURE_OPENAI,
}


@dataclass(frozen=True)
class PythonTool:
    """A function and what its parameters want."""

    function: Callable[..., Any]
    is_async: bool
    types: Mapping[str, ValueType]
    connections: Mapping[str, ConnectionType]
    """Parameters that take a connection by its name."""
    required: frozenset[str]
    takes_any: bool

    def literal(self, node: str, name: str, value: Any) -> Any:
        """Convert a literal input to its parameter's type. Raises NodeInputValidationError."""
        kind = self.types.get(name)
        if kind is None:
            return value
        try:
            return convert(kind, value)
        except (ValueError, TypeError, OverflowError):
            raise NodeInputValidationError(
                f"node '{node}': input '{name}' must be of type {kind}, not {value!r}"
            ) from None


def load_tool(node: str, path: Path, shown: str) -> PythonTool:
    """Import a node's file and find its one tool. Raises FlowLoadError."""
    name = f"flow_file_{next(_NUMBERS)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PythonLoadError(f"node '{node}': {shown} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PythonLoadError(f"node '{node}': {shown} cannot be imported: {_where(error, path)}") from error
    tools = [
        value
        for value in vars(module).values()
        if inspect.isroutine(value) and hasattr(value, TOOL_MARK) and value.__module__ == name
    ]
    if not tools:
        raise NoToolDefined(f"node '{node}': {shown} has no function with @tool: mark the one to call")
    if len(tools) > 1:
        raise MultipleToolsDefined(f"node '{node}': {shown} has more than one function with @tool: keep one")
    return _describe(node, tools[0])


def _describe(node: str, function: Callable[..., Any]) -> PythonTool:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UnsupportedFeature(
            f"node '{node}': tools that yield are not supported yet: return the whole value"
        )
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - a hint is an author's text and may raise anything
        hints = {}
    kinds: dict[str, ValueType] = {}
    connections: dict[str, ConnectionType] = {}
    required: set[str] = set()
    takes_any = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_any = True
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        wanted = _wanted(hints.get(parameter.name, inspect.Parameter.empty), parameter.default)
        if isinstance(wanted, ConnectionType):
            connections[parameter.name] = wanted
        else:
            kinds[parameter.name] = wanted
        if parameter.default is parameter.empty:
            required.add(parameter.name)
    is_async = inspect.iscoroutinefunction(function)
    return PythonTool(function, is_async, kinds, connections, frozenset(required), takes_any)


def _wanted(hint: Any, default: Any) -> ValueType | ConnectionType:
    """Say what a parameter takes: by annotation, else by default, else anything (JSON texts parsed)."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        hint = members[0] if len(members) == 1 else object
    if hint is inspect.Parameter.empty and default is not inspect.Parameter.empty:
        hint = type(default)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ValueType.STRING
    connection = _CONNECTIONS.get(getattr(hint, "__name__", ""))
    return connection or (_TYPES.get(hint, ValueType.OBJECT) if isinstance(hint, type) else ValueType.OBJECT)


def _where(error: BaseException, path: Path) -> str:
    """Name error and line, without a traceback."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} (line {error.lineno})"
    line = ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f" (line {trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{line}"
