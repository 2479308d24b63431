"""References: `${inputs.x}` and `${node.output.a['k'][0]}`, and only where the whole string is one."""

import re
from dataclasses import dataclass
from typing import Any

OUTPUT = "output"
INPUT_PREFIXES = ("inputs.", "flow.")
_PART = re.compile(r"""\.?(?P<name>\w+)|\[(?P<index>\d+)\]|\['(?P<single>[^']*)'\]|\["(?P<double>[^"]*)"\]""")


@dataclass(frozen=True, slots=True)
class InputReference:
    """A flow input. There is no access to parts of one: `inputs.x.y` is the input named `x.y`."""

    name: str


@dataclass(frozen=True, slots=True)
class NodeReference:
    """The output of a node, or a part of it: names and keys are texts, indexes are numbers."""

    node: str
    path: tuple[str | int, ...] = ()


def parse(value: Any) -> InputReference | NodeReference | None:
    """Parse a value of the flow; None for a literal. Raises ValueError for a reference to no output."""
    if not (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
        return None
    inside = value[2:-1]
    for prefix in INPUT_PREFIXES:
        if inside.startswith(prefix):
            return InputReference(inside[len(prefix) :])
    node, _, rest = inside.partition(".")
    if not rest:
        return NodeReference(node)
    section = re.match(r"\w*", rest)
    if section is None or section[0] != OUTPUT:
        raise ValueError(f"'{value}' must be ${{{node}.{OUTPUT}}} or a part of it")
    return NodeReference(node, _path(rest[len(OUTPUT) :], value))


def part(value: Any, path: tuple[str | int, ...]) -> Any:
    """Take a part of a node's output. Raises KeyError, IndexError, AttributeError or TypeError."""
    for step in path:
        if isinstance(step, int) or isinstance(value, dict):
            value = value[step]
        elif step.startswith("_"):
            raise AttributeError(step)  # the inside of an object is none of a flow's business
        else:
            value = getattr(value, step)
    return value


def _path(text: str, whole: str) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (found["name"] is not None and text[at] != "."):
            raise ValueError(f"'{whole}' cannot be read at '{text[at:]}'")
        if found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(next(name for name in found.group("name", "single", "double") if name is not None))
        at = found.end()
    return tuple(steps)
