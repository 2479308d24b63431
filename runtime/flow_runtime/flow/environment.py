"""environment_variables of a flow: set before its code is imported, where nobody else has set them."""

import json
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from flow_runtime.flow.errors import FlowDefinitionError, GetConnectionError
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import ConnectionInvalid

_REFERENCE = re.compile(r"\$\{([^{}.\s]+)\.([^{}.\s]+)\}")

Lookup = Callable[[str], Connection]


def set_environment(
    wanted: Mapping[str, Any],
    connection: Lookup | None,
    environ: MutableMapping[str, str] = os.environ,
) -> None:
    """Set variables; one that is there already wins, as while serving upstream.

    `${connection.key}` becomes that key's value, in what was there as well. Raises FlowDefinitionError and
    GetConnectionError, which never show a value.
    """
    for name, value in wanted.items():
        if not name or "=" in name or "\0" in name:
            raise FlowDefinitionError(f"environment_variables: {name!r} cannot be the name of a variable")
        text = as_text(value)
        if "\0" in text:
            raise FlowDefinitionError(f"environment_variables.{name}: a value cannot hold a null character")
        environ.setdefault(name, text)
        found = _REFERENCE.fullmatch(environ[name])
        if found is not None and connection is not None:
            environ[name] = _key(name, connection, found[1], found[2])


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
        return str(found[key])
    except KeyError:
        raise GetConnectionError(f"{place}: connection '{name}' has no key '{key}'") from None
