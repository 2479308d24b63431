"""What this release runs of the dialect, and whether nodes' files are there. Refuses the rest by name."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from flow_runtime.flow.errors import (
    APINotFound,
    FlowDefinitionError,
    InvalidMessageFormatType,
    InvalidSource,
    UnsupportedFeature,
    UserErrorException,
)
from flow_runtime.flow.files import source_path
from flow_runtime.flow.findings import TOOL, Findings
from flow_runtime.flow.model import Dag, FlowInput, Node, ValueType
from flow_runtime.flow.parameters import PARAMETERS
from flow_runtime.flow.tool import check_syntax
from flow_runtime.flow.values import convert

SOURCES = {
    "llm": ("code", "package", "package_with_prompt"),
    "prompt": ("code", "package", "package_with_prompt"),
    "python": ("code", "package"),
    "custom_llm": ("package_with_prompt",),
}
"""Kinds of nodes, and from where they may come; a prompt is a file, whatever its source is called."""
FORMATS = ("basic", "openai-vision")


def check_supported(dag: Dag, directory: Path, findings: Findings) -> None:
    """Check what can be seen without the nodes' tools."""
    with findings.keep(at=("language",)):
        if dag.language != "python":
            raise UserErrorException(f"flows in {dag.language} are not supported")
    with findings.keep(at=("message_format",)):
        if dag.message_format.lower() not in FORMATS:
            raise InvalidMessageFormatType(
                f"message_format must be {' or '.join(FORMATS)}, not '{dag.message_format}'"
            )
    for section, fields in (("outputs", dag.outputs), ("inputs", dag.inputs)):
        for name, field in fields.items():
            with findings.keep(at=(section, name, "type")):
                if field.type is ValueType.ASSISTANT_DEFINITION:
                    raise UnsupportedFeature(f"'{name}' is of type {field.type}, which is not supported")
    for number, include in enumerate(dag.additional_includes):
        with findings.keep(at=("additional_includes", number)):
            if not _included(directory, include):
                raise InvalidSource(
                    f"additional_includes: '{include}' is not in the flow's folder: pack the flow with "
                    "flowop build, or copy it there"
                )
    for node in dag.nodes:
        if not findings.broken(node.name):
            with findings.keep(node.name, ("nodes", node.name), TOOL):
                _check_node(node)
                _check_file(node, directory)


def _check_file(node: Node, directory: Path) -> None:
    """An aggregation node never runs, and what it imports need not be there; its file is all the same."""
    if node.type == "python" and node.source is not None and node.source.type == "package":
        return
    path = source_path(directory, node)
    if node.aggregation and node.type == "python":
        check_syntax(node.name, path, str(path.relative_to(directory.resolve())))


def check_defaults(inputs: Mapping[str, FlowInput]) -> None:
    """Raise FlowDefinitionError for a default of another type: requests that rely on it are refused.

    Not when a flow is loaded: others are answered, as upstream.
    """
    findings = Findings()
    for name, field in inputs.items():
        if not field.required:
            with findings.keep(at=("inputs", name, "default")):
                _check_default(name, field)
    findings.settle()


def _check_default(name: str, field: FlowInput) -> None:
    try:
        convert(field.type, field.default)
    except (ValueError, TypeError, OverflowError):
        raise FlowDefinitionError(
            f"inputs.{name}.default must be of type {field.type}, not {field.default!r}"
        ) from None


def _included(directory: Path, include: str) -> bool:
    name = PurePosixPath(include.replace("\\", "/")).name
    try:
        return bool(name) and (directory / name).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _check_node(node: Node) -> None:
    if node.type is None:
        raise FlowDefinitionError(
            f"node '{node.name}' has no type: use {', '.join(SOURCES)}", upstream="NotImplementedError"
        )
    if node.type == "csharp":
        raise UnsupportedFeature(f"node '{node.name}': nodes of type csharp are not supported")
    if node.type not in SOURCES:
        raise FlowDefinitionError(
            f"node '{node.name}': there is no type '{node.type}': use {', '.join(SOURCES)}",
            ("nodes", node.name, "type"),
            "ValueError",
        )
    if node.source is None:
        raise UserErrorException(f"node '{node.name}' has no source: name its file")
    if node.source.type not in SOURCES[node.type]:
        raise FlowDefinitionError(
            f"node '{node.name}': a node of type {node.type} has a source of type "
            f"{' or '.join(SOURCES[node.type])}, not '{node.source.type}'",
            ("nodes", node.name, "source"),
            "NotImplementedError",
        )
    if node.type == "llm" and node.api not in PARAMETERS:
        said = f"there is no api '{node.api}'" if node.api else "it has no api"
        raise APINotFound(
            f"node '{node.name}': {said}: write api: {' or '.join(PARAMETERS)}",
            ("nodes", node.name, "api") if node.api else (),
        )
