"""promptflow's types of Python annotations, of values and of names in YAML."""

import types
import typing
from enum import Enum
from typing import Any

from flow_runtime.flow.model import ValueType

_PYTHON: dict[Any, ValueType] = {
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    bool: ValueType.BOOL,
    str: ValueType.STRING,
    list: ValueType.LIST,
}
_OTHER_NAMES = {
    "integer": ValueType.INT,
    "number": ValueType.DOUBLE,
    "float": ValueType.DOUBLE,
    "boolean": ValueType.BOOL,
    "str": ValueType.STRING,
    "array": ValueType.LIST,
    "dict": ValueType.OBJECT,
}


def kind_of(name: Any) -> ValueType:
    """Take a type's name in YAML, promptflow's or JSON schema's; what is not known takes anything."""
    try:
        return ValueType(name)
    except ValueError:
        return _OTHER_NAMES.get(str(name), ValueType.OBJECT)


def is_kind(name: Any) -> bool:
    """Say whether YAML may name this type."""
    return name in [*ValueType, *_OTHER_NAMES]


def kind_of_value(value: Any) -> ValueType:
    """Say what type a value has."""
    return _PYTHON.get(type(value), ValueType.OBJECT)


def kind_of_hint(hint: Any) -> ValueType:
    """Say what type a parameter with this annotation takes; `X | None` is X, the rest is object."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        hint = members[0] if len(members) == 1 else object
    origin = typing.get_origin(hint)
    if isinstance(origin, type):
        hint = origin
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ValueType.STRING
    return _PYTHON.get(hint, ValueType.OBJECT) if isinstance(hint, type) else ValueType.OBJECT
