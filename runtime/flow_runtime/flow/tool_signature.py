"""What a tool's parameters want, read off its signature; literals converted to it. Calls nothing."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from flow_runtime.flow.errors import NodeInputValidationError
from flow_runtime.flow.model import ValueType
from flow_runtime.flow.values import convert
from flow_runtime.llm.connection_services import CLASSES

PROMPT_TEMPLATE = "PromptTemplate"
STRONG_BASE = "CustomStrongTypeConnection"
_TYPES: dict[Any, ValueType] = {
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    bool: ValueType.BOOL,
    str: ValueType.STRING,
    list: ValueType.LIST,
}
_BY_NAME = {
    "Secret": ValueType.SECRET,
    PROMPT_TEMPLATE: ValueType.PROMPT_TEMPLATE,
    "FilePath": ValueType.FILE_PATH,
    "Image": ValueType.IMAGE,
    "AssistantDefinition": ValueType.ASSISTANT_DEFINITION,
}


@dataclass(frozen=True)
class Signature:
    """The parameters of a function, by what they take."""

    types: Mapping[str, ValueType] = field(default_factory=dict)
    connections: Mapping[str, tuple[type, ...]] = field(default_factory=dict)
    """Parameters that take a connection by its name, and the classes that fit."""
    required: frozenset[str] = frozenset()
    takes_any: bool = False
    prompt: str | None = None
    """The parameter that takes the text of a prompt."""

    @property
    def known(self) -> frozenset[str]:
        """All named parameters."""
        return frozenset(self.types) | frozenset(self.connections)

    @property
    def optional(self) -> frozenset[str]:
        """Those with a default."""
        return self.known - self.required

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


def read_signature(function: Callable[..., Any], skip_first: bool = False) -> Signature:
    """Read the parameters of a function, or of a method without its `self`."""
    hints = _hints(function)
    kinds: dict[str, ValueType] = {}
    connections: dict[str, tuple[type, ...]] = {}
    required: set[str] = set()
    takes_any = False
    prompt = None
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters[1:] if skip_first else parameters:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            takes_any |= parameter.kind is parameter.VAR_KEYWORD
            continue
        members = _members(hints.get(parameter.name, parameter.empty), parameter.default)
        if members and all(_is_connection(member) for member in members):
            connections[parameter.name] = members
        else:
            kinds[parameter.name] = _kind(members)
            if kinds[parameter.name] is ValueType.PROMPT_TEMPLATE:
                prompt = parameter.name
        if parameter.default is parameter.empty:
            required.add(parameter.name)
    return Signature(kinds, connections, frozenset(required), takes_any, prompt)


def yields(function: Callable[..., Any]) -> bool:
    """Say whether a function is, or by its annotation gives, something that yields."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return True
    if any(map(_is_generator, getattr(getattr(function, "__code__", None), "co_consts", ()))):
        return True  # it most likely returns what the function inside of it yields
    hint = _hints(function).get("return")
    made = getattr(typing.get_origin(hint) or hint, "__name__", "")
    return made in ("Generator", "Iterator", "AsyncGenerator", "AsyncIterator")


def _is_generator(inner: object) -> bool:
    yielding = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
    if not isinstance(inner, types.CodeType) or inner.co_name == "<genexpr>":
        return False  # a generator expression is mostly consumed where it stands
    return bool(inner.co_flags & yielding)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - a hint is an author's text and may raise anything
        return {}


def _members(hint: Any, default: Any) -> tuple[Any, ...]:
    """Give the members of a union (without None), or the one annotation, or the default's own type."""
    if hint is inspect.Parameter.empty:
        return () if default is inspect.Parameter.empty else (type(default),)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(member for member in typing.get_args(hint) if member is not type(None))
    return (hint,)


def _kind(members: tuple[Any, ...]) -> ValueType:
    if len(members) != 1 or not isinstance(members[0], type):
        return ValueType.OBJECT
    member = members[0]
    if issubclass(member, Enum):
        return ValueType.STRING
    return _TYPES.get(member) or _BY_NAME.get(member.__name__, ValueType.OBJECT)


def _is_connection(member: Any) -> bool:
    if not isinstance(member, type):
        return False
    return member.__name__ in CLASSES or any(base.__name__ == STRONG_BASE for base in member.__mro__)
