"""What this release runs of the dialect, and whether nodes' files are there. Refuses the rest by name."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from flow_runtime.flow.errors import APINotFound, FlowDefinitionError, InvalidSource, UnsupportedFeature
from flow_runtime.flow.files import source_path
from flow_runtime.flow.model import Dag, FlowInput, Node, ValueType
from flow_runtime.flow.parameters import PARAMETERS
from flow_runtime.flow.values import convert

SOURCES = {
    "llm": ("code",),
    "prompt": ("code",),
    "python": ("code", "package"),
    "custom_llm": ("package_with_prompt",),
}
"""Kinds of nodes, and from where they may come."""
FORMATS = ("basic", "openai-vision")


def check_supported(dag: Dag, directory: Path) -> None:
    """Raise UnsupportedFeature, FlowDefinitionError or InvalidSource; aggregation nodes are not looked at."""
    if dag.language != "python":
        raise UnsupportedFeature(f"flows in {dag.language} are not supported")
    if dag.message_format.lower() not in FORMATS:
        raise FlowDefinitionError(
            f"message_format must be {' or '.join(FORMATS)}, not '{dag.message_format}'"
        )
    kinds = {name: field.type for name, field in dag.outputs.items()}
    for name, kind in (kinds | {name: field.type for name, field in dag.inputs.items()}).items():
        if kind is ValueType.ASSISTANT_DEFINITION:
            raise UnsupportedFeature(f"'{name}' is of type {kind}, which is not supported")
    for include in dag.additional_includes:
        if not _included(directory, include):
            raise InvalidSource(
                f"additional_includes: '{include}' is not in the flow's folder: pack the flow with "
                "flowop build, or copy it there"
            )
    for node in dag.nodes:
        if not node.aggregation:
            _check_node(node)
            if node.source is None or node.source.type != "package":
                source_path(directory, node)


def check_defaults(inputs: Mapping[str, FlowInput]) -> None:
    """Raise FlowDefinitionError for a default of another type: requests that rely on it are refused.

    Not when a flow is loaded: others are answered, as upstream.
    """
    for name, field in inputs.items():
        if not field.required:
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
    if node.type is None or node.source is None:
        missing = "type" if node.type is None else "source"
        raise FlowDefinitionError(f"node '{node.name}' has no {missing}")
    if node.type == "csharp":
        raise UnsupportedFeature(f"node '{node.name}': nodes of type csharp are not supported")
    if node.type not in SOURCES:
        raise FlowDefinitionError(
            f"node '{node.name}': there is no type '{node.type}': use {', '.join(SOURCES)}"
        )
    if node.source.type not in SOURCES[node.type]:
        raise FlowDefinitionError(
            f"node '{node.name}': a node of type {node.type} has a source of type "
            f"{' or '.join(SOURCES[node.type])}, not '{node.source.type}'"
        )
    if node.type == "llm" and node.api not in (None, *PARAMETERS):
        raise APINotFound(f"node '{node.name}': there is no api '{node.api}': use {' or '.join(PARAMETERS)}")
