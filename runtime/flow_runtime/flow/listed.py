"""What is said of a connection that a flow names and its deployment does not list."""

from collections.abc import Iterable

FIX = "add it to spec.connections (with flowop: to the file of --connections, or as a variable of its name)"


def not_listed(name: object, connections: Iterable[str]) -> str:
    """Say that there is no such connection, which ones there are, and what to do."""
    known = ", ".join(sorted(connections)) or "none"
    return f"connection {name!r} is not among the deployment's connections ({known}): {FIX}"
