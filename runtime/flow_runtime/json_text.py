"""JSON as Python has it, at orjson's speed: whole numbers of any length, keys of any type.

orjson reads a whole number over 64 bits as a float, silently, and refuses to write one. Half a surrogate,
which is no text for most readers of JSON, is written as the mark of what cannot be shown.
"""

import json
import re
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
"""A whole number of this many digits may need more than 64 bits."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(text: bytes) -> Any:
    """Read JSON, or what Python's own reader takes for it: NaN, UTF-16. Raises ValueError, RecursionError."""
    if _LONG in text.translate(_ZEROS):
        return json.loads(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def read_line(text: bytes) -> Any:
    """Read a line that `write` wrote, nothing else. Raises ValueError, RecursionError."""
    return json.loads(text) if _LONG in text.translate(_ZEROS) else orjson.loads(text)


def write(value: Any, *, sort: bool = False) -> bytes:
    """Write JSON: dataclasses and dates, too; NaN as null. Raises TypeError for what cannot be written.

    `sort`: the keys of objects, so that equal values are equal bytes.
    """
    option = _OPTIONS | orjson.OPT_SORT_KEYS if sort else _OPTIONS
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_writable(value), option=option)


def _writable(value: Any) -> Any:
    """Put in pieces of JSON for what orjson refuses. Raises TypeError where it is nested too deeply."""
    try:
        return _replaced(value)
    except RecursionError as error:
        raise TypeError("Recursion limit reached") from error


def _replaced(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _replaced(item) for key, item in value.items()}
    if type(value) is int:
        return orjson.Fragment(str(value))
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _key(key: Any) -> Any:
    return str(key) if type(key) is int else _replaced(key)
