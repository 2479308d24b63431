"""The connections of a command: a file of promptflow's YAML, then the environment in promptflow's forms."""

from collections.abc import Mapping
from pathlib import Path

from flow_runtime.cli.screen import Problem
from flow_runtime.llm.connection import Connections
from flow_runtime.llm.connection_forms import Document, read_documents
from flow_runtime.llm.errors import ConnectionInvalid


def open_connections(path: Path | None, environ: Mapping[str, str]) -> Connections:
    """Read the connections that there are. Raises Problem, which names the connection and the fix."""
    try:
        connections = Connections(environ=environ, documents=_documents(path) if path else None)
    except ConnectionInvalid as error:
        raise Problem(str(error)) from None
    if problem := connections.refresh():
        raise Problem(problem)
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
