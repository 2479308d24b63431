"""flow.dag.yaml: from a file to the model. YAML 1.2's scalars, as promptflow reads them."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from flow_runtime.flow.errors import FlowDefinitionError, InvalidSource
from flow_runtime.flow.model import Dag

DAG_FILES = ("flow.dag.yaml", "flow.dag.yml")
FLEX_FILES = ("flow.flex.yaml", "flow.flex.yml")


class _Loader(yaml.SafeLoader):
    """PyYAML speaks YAML 1.1, where `no` is false and `12:30` is a number; a double key is a mistake here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key '{key.value}' is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


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


def find_flow(directory: Path) -> Path:
    """Find the one file that says what the flow is. Raises FlowDefinitionError, InvalidSource."""
    found = [name for name in (*DAG_FILES, *FLEX_FILES) if (directory / name).is_file()]
    found = found or sorted(path.name for path in directory.glob("*.prompty"))
    if len(found) > 1:
        raise FlowDefinitionError(f"the folder holds more than one flow: {', '.join(found)}: keep one")
    if not found:
        raise InvalidSource(
            "the folder holds no flow.dag.yaml, flow.flex.yaml or .prompty: is it the flow's own folder?"
        )
    return directory / found[0]


def read_dag(path: Path) -> Dag:
    """Read a flow.dag.yaml. Raises FlowDefinitionError."""
    return parse_dag(path.read_bytes(), path.name)


def parse_dag(content: bytes, file: str) -> Dag:
    """Parse a flow's YAML. Raises FlowDefinitionError."""
    data = parse_yaml(content, file)
    if not isinstance(data, dict):
        raise FlowDefinitionError(f"{file} must be a mapping with inputs, outputs and nodes")
    try:
        return Dag.model_validate(data)
    except ValidationError as error:
        raise FlowDefinitionError(f"{file}: {field_problem(error)}") from error
    except RecursionError as error:
        raise FlowDefinitionError(f"{file}: a value of it holds itself") from error


def parse_yaml(content: bytes, file: str) -> Any:
    """Parse YAML 1.2. Raises FlowDefinitionError, which names the line."""
    try:
        return yaml.load(content, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FlowDefinitionError(f"{file} is no valid YAML: {_yaml_problem(error)}") from error


def _yaml_problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem or error.context}"
    return " ".join(str(error).split())[:200]


def field_problem(error: ValidationError) -> str:
    """Say which field is wrong, and how."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}"
