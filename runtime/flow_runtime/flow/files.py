"""The files that nodes name: found inside the flow's folder, read as text."""

from pathlib import Path

from flow_runtime.flow.errors import FlowDefinitionError, InvalidSource
from flow_runtime.flow.model import Node


def source_path(directory: Path, node: Node) -> Path:
    """Find a node's file inside the flow's folder. Raises InvalidSource."""
    shown = node.source.path if node.source else None
    if not shown:
        raise InvalidSource(
            f"node '{node.name}' has no source.path: name its file", ("nodes", node.name, "source")
        )
    root = directory.resolve()
    try:
        path = (root / shown).resolve()
        there = path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        path, there = root, False
    at = ("nodes", node.name, "source", "path")
    if not path.is_relative_to(root):
        raise InvalidSource(f"node '{node.name}': its source '{shown}' is outside of the flow's folder", at)
    if not there:
        raise InvalidSource(f"node '{node.name}': its source '{shown}' is not in the flow's folder", at)
    return path


def source_name(node: Node) -> str:
    """Name a node's file for a message."""
    return Path(node.source.path or "").name if node.source else ""


def read_prompt(directory: Path, node: Node) -> str:
    """Read a node's template. Raises InvalidSource, FlowDefinitionError."""
    path = source_path(directory, node)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FlowDefinitionError(
            f"node '{node.name}': {path.name} is not UTF-8 text: save it as UTF-8",
            upstream="UnicodeDecodeError",
        ) from error
