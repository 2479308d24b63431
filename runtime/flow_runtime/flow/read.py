"""The one file that says what a flow is: found in its folder, and a flow.dag.yaml made into the model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flow_runtime.flow.errors import (
    FlowDefinitionError,
    InvalidSource,
    UserErrorException,
    ValidationException,
)
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.model import Dag
from flow_runtime.flow.yaml12 import parse_yaml

DAG_FILES = ("flow.dag.yaml", "flow.dag.yml")
FLEX_FILES = ("flow.flex.yaml", "flow.flex.yml")
_CRASHES = {"enum": "ValueError", "missing": "KeyError"}
"""What promptflow raises where a field does not fit; otherwise it is an AttributeError."""


def find_flow(directory: Path) -> Path:
    """Find the one file that says what the flow is. Raises UserErrorException, ValidationException."""
    found = [name for name in (*DAG_FILES, *FLEX_FILES) if (directory / name).is_file()]
    several = ValidationException if found else UserErrorException
    found = found or sorted(path.name for path in directory.glob("*.prompty"))
    if len(found) > 1:
        raise several(f"the folder holds more than one flow: {', '.join(found)}: keep one")
    if not found:
        raise UserErrorException(
            "the folder holds no flow.dag.yaml, flow.flex.yaml or .prompty: is it the flow's own folder?"
        )
    return directory / found[0]


def read_bytes(path: Path) -> bytes:
    """Read a definition. Raises InvalidSource."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidSource(f"{path.name} cannot be read: {error.strerror or error}") from None


def parse_dag(content: bytes, file: str, findings: Findings | None = None) -> Dag:
    """Parse a flow's YAML. Raises YAMLError, FlowDefinitionError.

    With `findings`, fields that are wrong are kept there and left out, as far as the rest makes sense.
    """
    data = parse_yaml(content, file)
    if not isinstance(data, dict):
        raise FlowDefinitionError(
            f"{file} must be a mapping with inputs, outputs and nodes", upstream="AttributeError"
        )
    kept = findings or Findings()
    try:
        dag = _model(data, file, kept)
    except RecursionError as error:
        raise FlowDefinitionError(f"{file}: a value of it holds itself") from error
    if findings is None:
        kept.settle()
    return dag


def _model(data: dict[str, Any], file: str, findings: Findings) -> Dag:
    try:
        return Dag.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
    for problem in problems:
        findings.add(_definition_error(data, problem, file))
    places = [problem["loc"] for problem in problems]
    for place in places:
        if not _leave_out(data, place, findings):
            findings.settle()
    try:
        return Dag.model_validate(data)
    except ValidationError:
        findings.settle()
        raise


def _leave_out(data: dict[str, Any], place: Sequence[str | int], findings: Findings) -> bool:
    """Take out the input, output or node that is wrong; False where the rest would make no sense then."""
    match place:
        case ["inputs", str(name), *_]:
            data["inputs"] = {**data["inputs"], name: {"type": "object"}}
        case ["outputs", str(name), *_]:
            data["outputs"] = {key: value for key, value in data["outputs"].items() if key != name}
        case ["nodes", int(number), *_]:
            node = data["nodes"][number]
            called = node.get("name") if isinstance(node, dict) else None
            if not isinstance(called, str) or not called:
                return False
            findings.leave(called)
            data["nodes"] = [*data["nodes"]]
            data["nodes"][number] = {"name": called, "aggregation": node.get("aggregation") is True}
        case _:
            return False
    return True


def _definition_error(data: Any, problem: ErrorDetails, file: str) -> FlowDefinitionError:
    place = problem["loc"]
    crash = _CRASHES.get(problem["type"], "AttributeError")
    if "activate" in place:
        crash = "FlowDefinitionError"
    return FlowDefinitionError(f"{file}: {_said(problem, _shown(data, place))}", place, crash)


def _shown(data: Any, place: Sequence[str | int]) -> str:
    """Write a place with the names of nodes instead of their numbers."""
    steps = []
    for step in place:
        node = data[step] if isinstance(data, list) and isinstance(step, int) else None
        steps.append(str(node.get("name", step)) if isinstance(node, dict) else str(step))
        data = node if node is not None else data.get(step) if isinstance(data, dict) else None
    return ".".join(steps)


def field_problem(error: ValidationError) -> str:
    """Say which field is wrong, and how."""
    first = error.errors(include_url=False, include_context=False)[0]
    return _said(first, ".".join(str(step) for step in first["loc"]))


def _said(problem: ErrorDetails, place: str) -> str:
    given = problem["input"]
    but = f", not {given!r}" if isinstance(given, str | int | float | bool) and len(repr(given)) < 60 else ""
    return f"{place}: {problem['msg']}{'' if problem['type'] == 'missing' else but}"
