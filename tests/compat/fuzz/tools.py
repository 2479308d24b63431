# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random Python tools: parameters, annotations, defaults and ways to return."""

import random
from dataclasses import dataclass

HINTS: dict[str, tuple[str, ...]] = {
    "int": ("int", "Optional[int]", "int | None", "Union[int, str]", "", '"int"'),
    "double": ("float", "Optional[float]", "", "Union[float, None]"),
    "bool": ("bool", "Optional[bool]", ""),
    "string": ("str", "Optional[str]", "", "Any", "Color", "Union[str, list]", "object"),
    "list": ("list", "List[str]", "list[dict]", "", "Optional[list]", "Sequence", "tuple"),
    "object": ("dict", "Dict[str, Any]", "dict[str, object]", "", "Any", "Thing"),
}
DEFAULTS: dict[str, tuple[str, ...]] = {
    "int": ("3", "None", "0"), "double": ("1.5", "None"), "bool": ("True", "False", "None"),
    "string": ("'d'", "None", "''", "Color.RED"), "list": ("None", "[]", "[1]"), "object": ("None", "{}"),
}  # fmt: skip
HEAD = """from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, List, Optional, Sequence, Union

from {module} import tool


class Color(str, Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Thing:
    name: str = "thing"
    parts: Optional[list] = None


"""
BODIES = (
    "    return repr(sorted(seen.items()))",
    "    return {'seen': repr(seen), 'a': {'b': [1, {'c': 'deep'}], 'k k': None}, 'items': [10, 20], 'n': 3}",
    "    return list(seen.values())",
    "    return seen",
    "    return next(iter(seen.values()), None)",
    "    return len(repr(seen))",
    "    return len(repr(seen)) % 2 == 0",
    "    return None",
    "    return 'text\\nsystem:\\nof a tool'",
    "    return [{'a': i, 'b': str(i)} for i in range(3)]",
    "    return (1, 'two')",
    "    return Color.RED",
    "    return ''",
    "    return {}",
    "    return 10**19",
    "    return {1: 'int key', 'nested': {'x': (1, 2)}}",
    "    return sum(1 for each in seen.values() if each) / 3",
    "    raise ValueError('as written')",
    "    yield from ('one ', 'two ', 'three')",
    "    yield 1\n    yield {'two': 2}",
)
PATHS: dict[int, tuple[str, ...]] = {
    1: (
        ".a",
        ".a.b",
        ".a.b[0]",
        ".a.b[1].c",
        ".items[1]",
        ".items",
        "['a']",
        ".a['k k']",
        ".n",
        ".seen",
        ".nothing",
        '["n"]',
    ),
    9: (".x", ""),
}
"""Paths into what the body of that number returns."""


@dataclass(frozen=True)
class Tool:
    """A tool's source, its parameters with the type each is meant for, those with a default, its body."""

    source: str
    parameters: dict[str, str]
    optional: frozenset[str]
    body: int


def make(rng: random.Random) -> Tool:
    """Make a tool."""
    names = rng.sample(
        ("question", "x", "items", "config", "flag", "n", "_private", "größe", "self_", "input"),
        rng.randrange(4),
    )
    parameters = {name: rng.choice(tuple(HINTS)) for name in names}
    required, optional = [], []
    for name, kind in parameters.items():
        hint = rng.choice(HINTS[kind])
        if rng.random() < 0.4:
            optional.append(f"{name}{': ' + hint if hint else ''} = {rng.choice(DEFAULTS[kind])}")
        else:
            required.append(f"{name}{': ' + hint if hint else ''}")
    written = [*required, *optional]
    if rng.random() < 0.1:
        written.insert(len(required), "*")
        written = written if written[-1] != "*" else written[:-1]
    if takes_any := rng.random() < 0.15:
        written.append("**kwargs")
    body = rng.choice((0, 0, 0, 1, 1, 1, *range(len(BODIES))))
    asynchronous = rng.random() < 0.25 and "yield" not in BODIES[body]
    module = rng.choice(("promptflow.core", "promptflow", "promptflow.core"))
    future = "from __future__ import annotations\n" if rng.random() < 0.12 else ""
    seen = "{" + ", ".join(f"{name!r}: {name}" for name in names) + (", **kwargs" if takes_any else "") + "}"
    mark = rng.choice(("@tool", "@tool", "@tool()" if module != "promptflow" else "@tool"))
    source = (
        f"{future}{HEAD.format(module=module)}{mark}\n{'async ' if asynchronous else ''}def run({', '.join(written)}):\n"
        f"    seen = {seen}\n{BODIES[body]}\n"
    )
    return Tool(
        source, parameters, frozenset(each.partition(":")[0].partition(" ")[0] for each in optional), body
    )


def path_into(rng: random.Random, body: int) -> str:
    """A path into what a body returns, mostly one that is there."""
    if rng.random() < 0.5:
        return ""
    return rng.choice(PATHS.get(body, ("", "", "", "[0]", ".a")))
