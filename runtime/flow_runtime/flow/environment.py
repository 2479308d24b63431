"""environment_variables of a flow: set before its code is imported, where nobody else has set them.

Those that hold a key of a connection follow it when it changes.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from flow_runtime.flow.errors import FlowDefinitionError, GetConnectionError
from flow_runtime.flow.findings import Findings
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import ConnectionInvalid

_REFERENCE = re.compile(r"\$\{([^{}.\s]+)\.([^{}.\s]+)\}")

Lookup = Callable[[str], Connection]


@dataclass(frozen=True)
class Variables:
    """The variables of a process that hold a connection's key."""

    environ: MutableMapping[str, str] = field(default_factory=dict, repr=False)
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Connection and key by the name of the variable."""
    values: dict[str, str] = field(default_factory=dict, repr=False)
    """What was set."""

    def follow(self, connection: Lookup) -> None:
        """Set again what has changed, unless the flow's code has set it since; a key that is gone stays."""
        for name, (owner, key) in self.references.items():
            if self.environ.get(name) == self.values[name]:
                with contextlib.suppress(GetConnectionError):
                    self.environ[name] = self.values[name] = _key(name, connection, owner, key)


def set_environment(
    wanted: Mapping[str, Any],
    connection: Lookup | None,
    environ: MutableMapping[str, str] = os.environ,
) -> Variables:
    """Set variables; one that is there already wins, as while serving upstream.

    `${connection.key}` becomes that key's value, in what was there as well. Raises FlowDefinitionError and
    GetConnectionError, which never show a value.
    """
    findings, references = Findings(), {}
    for name, value in wanted.items():
        with findings.keep(at=("environment_variables", name)):
            if found := _set(name, value, connection, environ):
                references[name] = found
    findings.settle()
    return Variables(environ, references, {name: environ[name] for name in references})


def _set(
    name: str, value: Any, connection: Lookup | None, environ: MutableMapping[str, str]
) -> tuple[str, str] | None:
    """Set one variable; gives the connection and key that it refers to."""
    if not name or "=" in name or "\0" in name:
        raise FlowDefinitionError(f"environment_variables: {name!r} cannot be the name of a variable")
    text = as_text(value)
    if "\0" in text:
        raise FlowDefinitionError(f"environment_variables.{name}: a value cannot hold a null character")
    environ.setdefault(name, text)
    found = _REFERENCE.fullmatch(environ[name])
    if found is None or connection is None:
        return None
    environ[name] = _key(name, connection, found[1], found[2])
    return found[1], found[2]


def as_text(value: Any) -> str:
    """Write a value as a variable holds it: mappings and lists as JSON."""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _key(variable: str, connection: Lookup, name: str, key: str) -> str:
    place = f"environment_variables.{variable}"
    try:
        found = connection(name)
    except ConnectionInvalid as error:
        raise GetConnectionError(f"{place}: {error}") from None
    try:
        value = str(found[key])
    except KeyError:
        raise GetConnectionError(f"{place}: connection '{name}' has no key '{key}'") from None
    if "\0" in value:
        raise GetConnectionError(f"{place}: connection '{name}', key '{key}': no variable can hold its value")
    return value
