"""A tool with the connections that it and its provider were given, looked up anew for each call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flow_runtime.flow.tool import PythonTool
from flow_runtime.llm.connection_services import CustomConnection
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import ConnectionInvalid

Lookup = Callable[[str], Connection]


@dataclass(frozen=True)
class Grant:
    """A connection by name, as a class of the user's own where the parameter wants one."""

    connection: str
    strong: type | None = None

    def of(self, found: Connection) -> Any:
        """Give what a parameter takes of the connection."""
        if self.strong is not None and isinstance(found, CustomConnection):
            return found.converted(self.strong)
        return found

    def secrets(self, lookup: Lookup) -> list[str]:
        """Give what must not be shown of it."""
        try:
            return lookup(self.connection).secret_values()
        except ConnectionInvalid:
            return []


@dataclass
class Bound:
    """A tool of one node. Its provider is made at the first call, and again when a connection has changed."""

    tool: PythonTool
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Of the provider's `__init__`, besides connections."""
    connections: Mapping[str, Grant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_async = self.tool.is_async
        self.plain = self.tool.function if self.tool.provider is None else None
        """The function itself where there is no provider to be made."""
        self._made: tuple[Any, Callable[..., Any]] | None = None

    def function(self, lookup: Lookup) -> Callable[..., Any]:
        """Give what to call. Raises whatever a provider raises, and ConnectionInvalid."""
        if self.tool.provider is None:
            return self.tool.function
        found = {name: lookup(grant.connection) for name, grant in self.connections.items()}
        state = {name: _state(connection) for name, connection in found.items()}
        if self._made is None or self._made[0] != state:
            taken = {name: self.connections[name].of(connection) for name, connection in found.items()}
            provider = self.tool.provider(**self.arguments, **taken)
            self._made = (state, getattr(provider, self.tool.function.__name__))
        return self._made[1]


def _state(connection: Connection) -> tuple[dict[str, Any], dict[str, Any]]:
    return dict(connection.configs), dict(connection.secrets)
