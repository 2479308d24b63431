"""The entry of a flex flow: found in its module, described, and made where it is a class."""

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.errors import PythonLoadError
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.flex.definition import Definition
from flow_runtime.flow.flex.errors import FlowEntryInitializationError, GenerateFlowMetaJsonError
from flow_runtime.flow.listed import not_listed
from flow_runtime.flow.shim.exceptions import InvalidConnectionError
from flow_runtime.flow.shim.models import (
    AzureOpenAIModelConfiguration,
    ModelConfiguration,
    OpenAIModelConfiguration,
)
from flow_runtime.flow.tool import missing_package
from flow_runtime.flow.tool_signature import Signature, read_signature
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import clean

Lookup = Callable[[str], Connection]
_CONFIGURATIONS: Mapping[str, type[Any]] = {
    each.__name__: each for each in (AzureOpenAIModelConfiguration, OpenAIModelConfiguration)
}


@dataclass
class Entry:
    """A function, or a class and its init values.

    An object that was given a connection is made anew when that connection has changed.
    """

    found: Callable[..., Any]
    """The function, or the class's `__call__`: what the flow's signature is read of."""
    signature: Signature
    made_of: type | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Init values that need a connection, to its name."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._object: Any = None
        self._made_with: list[Connection] | None = None

    @property
    def fixed(self) -> Callable[..., Any] | None:
        """What is called, if it needs no connection."""
        if self.made_of is None:
            return self.found
        return None if self.names else self.callable(_none)

    def callable(self, lookup: Lookup) -> Callable[..., Any]:
        """Give what is called; making the object takes what it takes. Raises FlowEntryInitializationError."""
        if self.made_of is None:
            return self.found
        with self._lock:
            given = {name: lookup(connection) for name, connection in self.names.items()}
            same = self._made_with is not None and all(
                old is new for old, new in zip(self._made_with, given.values(), strict=True)
            )
            if not same:
                self._object = self._make(given)
                self._made_with = list(given.values())
            made: Callable[..., Any] = self._object
            return made

    def hide_secrets(self, text: str) -> str:
        """Take the secrets of the connections that the object was given out of a text."""
        return _hidden(text, self._made_with or ())

    def _make(self, given: Mapping[str, Connection]) -> Any:
        assert self.made_of is not None  # noqa: S101 - for mypy
        values = dict(self.values)
        for name, connection in given.items():
            value = values[name]
            values[name] = value.resolved(connection) if isinstance(value, ModelConfiguration) else connection
        try:
            return self.made_of(**values)
        except (Exception, SystemExit) as error:
            text = _hidden(f"{type(error).__name__}: {error}", given.values())
            raise FlowEntryInitializationError(
                f"{self.made_of.__name__} cannot be made of its init values "
                f"({', '.join(sorted(values)) or 'none'}): {clean(text)}"
            ) from error


def load_entry(
    definition: Definition, directory: Path, connections: Mapping[str, ConnectionType] | None
) -> Entry:
    """Import the module and find the entry in it. Raises PythonLoadError, FlowEntryInitializationError."""
    place = f"entry '{definition.module}:{definition.entry}'"
    found = getattr(_module(definition.module, directory, place), definition.entry, None)
    if inspect.isclass(found):
        call = found.__dict__.get("__call__") or getattr(found, "__call__", None)  # noqa: B004 - its function
        if not inspect.isfunction(call):
            raise GenerateFlowMetaJsonError(f"{place}: the class has no method __call__: add it")
        values, names = _init(found, definition.init, connections, place)
        return Entry(call, read_signature(call, skip_first=True), found, values, names)
    if not callable(found):
        raise PythonLoadError(f"{place}: the module has no function or class '{definition.entry}'")
    return Entry(found, read_signature(found))


def _module(name: str, directory: Path, place: str) -> Any:
    """Import by name, with the flow's folder among the places where modules are looked for."""
    root = directory.resolve()
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    top = name.partition(".")[0]
    known = getattr(sys.modules.get(top), "__file__", None)
    if (root / top).exists() or (root / f"{top}.py").exists():
        if known and not Path(known).resolve().is_relative_to(root):  # another flow's module of that name
            for module in [each for each in sys.modules if each == top or each.startswith(f"{top}.")]:
                del sys.modules[module]
        importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise PythonLoadError(
            f"{place}: the module cannot be imported: {clean(f'{type(error).__name__}: {error}')}"
            f"{missing_package(error)}"
        ) from error


def _init(
    made: type, given: Mapping[str, Any], connections: Mapping[str, ConnectionType] | None, place: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Turn init values into what the class takes, as far as that needs no connection."""
    values, names = dict(given), {}
    initializer: Any = made.__init__  # type: ignore[misc]
    signature = (
        read_signature(initializer, skip_first=True) if inspect.isfunction(initializer) else Signature()
    )
    hints = getattr(initializer, "__annotations__", {})
    for name, value in given.items():
        hint = hints.get(name)
        kind = hint if isinstance(hint, str) else getattr(hint, "__name__", "")
        if name in signature.connections and isinstance(value, str):
            names[name] = value
        elif kind.rpartition(".")[2] in _CONFIGURATIONS:
            values[name] = _configuration(kind.rpartition(".")[2], value, name)
            if connection := values[name].connection:
                names[name] = connection
    findings = Findings()
    for name, connection in names.items():
        if connections is not None and connection not in connections:
            findings.add(
                FlowEntryInitializationError(
                    f"{place}, init '{name}': {not_listed(connection, connections)}",
                    ("sample", "init", name),
                )
            )
    findings.settle()
    return values, names


def _configuration(kind: str, value: Any, name: str) -> Any:
    if isinstance(value, dict):
        try:
            return _CONFIGURATIONS[kind](**value)
        except (TypeError, InvalidConnectionError) as error:
            raise FlowEntryInitializationError(f"init '{name}' is no {kind}: {error}") from error
    if not isinstance(value, ModelConfiguration):
        raise FlowEntryInitializationError(f"init '{name}' must be an object with the fields of {kind}")
    return value


def _hidden(text: str, connections: Iterable[Connection]) -> str:
    for connection in connections:
        for secret in connection.secret_values():
            text = text.replace(secret, "***")
    return text


def _none(name: str) -> Connection:
    raise KeyError(name)
