"""What is known of each connection's LLM: its circuit and its budget of retries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flow_runtime.llm.budget import RetryBudget
from flow_runtime.llm.circuit import Circuit
from flow_runtime.llm.connection import Connection

KEPT = 50
"""Code of a flow may make connections as it likes; the oldest are forgotten."""


@dataclass(slots=True)
class Health:
    """The state of one connection, as long as the connection says the same."""

    name: str
    connection: Connection
    circuit: Circuit = field(default_factory=Circuit)
    budget: RetryBudget = field(default_factory=RetryBudget)


class Healths:
    """The state of all connections that were asked. `names` are of those that a deployment declares."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._by_name: dict[str, Health] = {}

    def of(self, connection: Connection) -> Health:
        """Find a connection's state; one whose Secret has changed is given a new chance."""
        name = connection.name or _host(connection)
        health = self._by_name.get(name)
        if health is None:
            if len(self._by_name) >= KEPT:
                del self._by_name[next(iter(self._by_name))]
            health = self._by_name[name] = Health(name, connection)
        elif health.connection is not connection:
            if vars(health.connection) != vars(connection):
                health.circuit = Circuit()
            health.connection = connection
        return health

    def __iter__(self) -> Iterator[Health]:
        return iter(list(self._by_name.values()))


def _host(connection: Connection) -> str:
    """Name one that code of a flow made."""
    url = connection.configs.get("base_url") or connection.configs.get("api_base") or ""
    return urlsplit(str(url)).hostname or type(connection).__name__
