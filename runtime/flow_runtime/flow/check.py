"""What this release runs of the dialect, and whether nodes' files are there. Refuses the rest by name."""

from pathlib import Path, PurePosixPath

from flow_runtime.flow.errors import FlowDefinitionError, InvalidSource, UnsupportedFeature
from flow_runtime.flow.model import Dag, Node, ValueType

SUPPORTED_NODES = ("llm", "prompt", "python")
UPSTREAM_NODES = (*SUPPORTED_NODES, "custom_llm", "csharp")
UNSUPPORTED_TYPES = (ValueType.IMAGE, ValueType.ASSISTANT_DEFINITION)
UNSUPPORTED_PARAMETERS = ("functions", "function_call", "tools", "tool_choice")


def check_supported(dag: Dag, directory: Path) -> None:
    """Raise UnsupportedFeature, FlowDefinitionError or InvalidSource; aggregation nodes are not looked at."""
    if dag.language != "python":
        raise UnsupportedFeature(f"flows in {dag.language} are not supported")
    if dag.message_format != "basic":
        raise UnsupportedFeature(f"message_format {dag.message_format} is not supported yet")
    if dag.environment_variables:
        raise UnsupportedFeature(
            "environment_variables are not supported yet: set them in the deployment's runtime"
        )
    kinds = {name: field.type for name, field in dag.outputs.items()}
    for name, kind in (kinds | {name: field.type for name, field in dag.inputs.items()}).items():
        if kind in UNSUPPORTED_TYPES:
            raise UnsupportedFeature(f"'{name}' is of type {kind}, which is not supported yet")
    for include in dag.additional_includes:
        if not (directory / PurePosixPath(include).name).exists():
            raise InvalidSource(
                f"additional_includes: '{include}' is not in the flow's folder: copy it there"
            )
    for node in dag.nodes:
        if not node.aggregation:
            _check_node(node)
            source_path(directory, node)


def source_path(directory: Path, node: Node) -> Path:
    """Find a node's file inside the flow's folder. Raises InvalidSource."""
    shown = node.source.path if node.source else None
    if not shown:
        raise InvalidSource(f"node '{node.name}' has no source.path: name its file")
    root = directory.resolve()
    path = (root / shown).resolve()
    if not path.is_relative_to(root):
        raise InvalidSource(f"node '{node.name}': its source '{shown}' is outside of the flow's folder")
    if not path.is_file():
        raise InvalidSource(f"node '{node.name}': its source '{shown}' is not in the flow's folder")
    return path


def _check_node(node: Node) -> None:
    if node.use_variants:
        raise UnsupportedFeature(
            f"node '{node.name}': variants are not supported yet: write its body in place"
        )
    if node.activate is not None:
        raise UnsupportedFeature(f"node '{node.name}': activate is not supported yet")
    if node.type is None or node.source is None:
        missing = "type" if node.type is None else "source"
        raise FlowDefinitionError(f"node '{node.name}' has no {missing}")
    if node.type not in UPSTREAM_NODES:
        raise FlowDefinitionError(
            f"node '{node.name}': there is no type '{node.type}': use llm, prompt or python"
        )
    if node.type not in SUPPORTED_NODES:
        raise UnsupportedFeature(f"node '{node.name}': nodes of type {node.type} are not supported yet")
    if node.source.type != "code":
        raise UnsupportedFeature(
            f"node '{node.name}': a source of type {node.source.type} is not supported yet"
        )
    if node.type == "llm":
        if node.api not in (None, "chat"):
            raise UnsupportedFeature(f"node '{node.name}': api {node.api} is not supported yet, only chat")
        if found := [name for name in UNSUPPORTED_PARAMETERS if name in node.inputs]:
            raise UnsupportedFeature(f"node '{node.name}': the input '{found[0]}' is not supported yet")
