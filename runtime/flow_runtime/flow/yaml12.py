"""YAML 1.2's scalars, as promptflow reads them: bounded in size and in what its aliases unfold to."""

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import yaml

from flow_runtime.flow.errors import YAMLError

MAX_BYTES = 1024 * 1024
MAX_VALUES = 500_000
"""How many values a file may hold, those that aliases repeat counted each time."""


class _Loader(yaml.SafeLoader):
    """PyYAML speaks YAML 1.1, where `no` is false and `12:30` is a number; a double key is a mistake here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise DuplicateKeyError(
                        None, None, f"the key '{key.value}' is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


class DuplicateKeyError(yaml.constructor.ConstructorError):
    """A key is there twice."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9][0-9_]*|0o[0-7_]+|0x[0-9a-fA-F_]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.nan",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", "~nN"),
    (
        "timestamp",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]+ ?(?:Z|[-+][0-9]{2}(?::?[0-9]{2})?)?)?",
        "0123456789",
    ),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [*_first, ""])


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _int)


def parse_yaml(content: bytes, file: str, skipped: int = 0) -> Any:
    """Parse YAML 1.2. Raises YAMLError, which names the line; `skipped` lines of the file came before."""
    if len(content) > MAX_BYTES:
        raise YAMLError(f"{file} is larger than {MAX_BYTES // 1024 // 1024} MiB: leave out what is no flow")
    try:
        loader = _Loader(content)
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            if _size(root, {}) > MAX_VALUES:
                raise YAMLError(f"{file}: its aliases unfold to more than {MAX_VALUES} values")
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem, line = _problem(error, skipped)
        raise YAMLError(
            f"{file} is no valid YAML: {f'line {line}: ' if line else ''}{problem}",
            upstream="UnicodeDecodeError" if isinstance(error, yaml.reader.ReaderError) else "",
        ) from error


@lru_cache(maxsize=4)
def compose(content: bytes) -> yaml.Node | None:
    """Read the tree of a file with its lines; None for what is too large or no YAML."""
    if len(content) > MAX_BYTES:
        return None
    try:
        return yaml.compose(content, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def peek(content: bytes) -> dict[str, Any]:
    """Read the top of a definition; one that cannot be read is the loader's to refuse, and empty here."""
    try:
        found = parse_yaml(content, "")
    except YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values of a tree; what an alias repeats counts again, and what holds itself never ends."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = MAX_VALUES + 1  # until it is known: what holds itself is too large
        parts = (
            node.value
            if isinstance(node, yaml.SequenceNode)
            else [part for pair in node.value for part in pair]
        )
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _problem(error: Exception, skipped: int) -> tuple[str, int]:
    """Say what is wrong, and on which line of the file if it is known."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return str(error.problem or error.context), error.problem_mark.line + 1 + skipped
    if isinstance(error, RecursionError):
        return "it is nested too deeply", 0
    return " ".join(str(error).split())[:200], 0
