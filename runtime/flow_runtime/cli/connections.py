"""The connections of a command: a file of promptflow's YAML, then the environment in promptflow's forms."""

from collections.abc import Mapping
from pathlib import Path

from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.llm.connection import Connections
from flow_runtime.llm.connection_forms import ENCODED, Document, read_documents
from flow_runtime.llm.errors import ConnectionInvalid


def open_connections(path: Path | None, environ: Mapping[str, str], screen: Screen) -> Connections:
    """Read the connections that there are; one that cannot be made is left out, and the screen told why.

    Raises Problem when a file cannot be read or is no file of connections.
    """
    connections = Connections(environ=environ, documents=_documents(path) if path else {})
    if ENCODED in connections.unusable:
        raise Problem(connections.unusable[ENCODED])
    for why in connections.unusable.values():
        screen.note(f"left out: {why}")
    return connections


def _documents(path: Path) -> dict[str, Document]:
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
    found: dict[str, Document] = {}
    for file in files:
        try:
            found |= read_documents(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise Problem(f"{file} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise Problem(f"{file} is not UTF-8 text") from None
        except ConnectionInvalid as error:
            raise Problem(f"{file}: {error}") from None
    if not found:
        raise Problem(f"{path} holds no connection: see `name`, `type` and the fields of promptflow's YAML")
    return found
