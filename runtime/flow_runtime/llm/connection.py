"""The connections of a deployment: those of mounted Secrets, then those of the environment, and no others."""

import time
from collections.abc import Mapping, Sequence

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.llm.connection_forms import (
    ENCODED,
    Document,
    Environ,
    encoded_documents,
    from_document,
    variable_documents,
)
from flow_runtime.llm.connection_types import (
    AzureOpenAIConnection,
    Connection,
    OpenAIConnection,
    ServerlessConnection,
)
from flow_runtime.llm.endpoint import OPENAI_URL, Endpoint
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.llm.mounted import lost_keys, read_connection, version

__all__ = [
    "OPENAI_URL",
    "AzureOpenAIConnection",
    "Connection",
    "Connections",
    "Endpoint",
    "OpenAIConnection",
    "ServerlessConnection",
    "read_connection",
]


class Connections:
    """The connections of a deployment. Reading the Secrets again swaps in what has changed in place.

    `documents` are connections by name in promptflow's YAML or JSON form; those of `environ` are found in it.
    """

    def __init__(
        self,
        settings: Sequence[ConnectionSettings] = (),
        environ: Environ | None = None,
        documents: Mapping[str, Document] | None = None,
    ) -> None:
        self._settings = tuple(settings)
        self._environ = environ or {}
        self._read: dict[str, Connection] = {}
        self._versions: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        """What is wrong with a mounted Secret now, by connection."""
        self.taken: dict[str, float] = {}
        """When the value in use of a mounted Secret was taken, by connection (Unix seconds)."""
        self.unusable: dict[str, str] = {}
        """Why a document cannot be used, by connection. It is no obstacle to a flow that does not name it."""
        self.types: dict[str, ConnectionType] = {each.name: each.type for each in self._settings}
        self._take_documents(documents or {})
        # promptflow's other form: a variable with a connection's name holds the name of another connection.
        self._aliases = {
            name: value
            for name, value in self._environ.items()
            if value in self.types and name not in self.types
        }
        self.types |= {name: self.types[value] for name, value in self._aliases.items()}

    @property
    def mounted(self) -> list[str]:
        """Name the connections of mounted Secrets."""
        return [settings.name for settings in self._settings]

    @property
    def resolved(self) -> bool:
        """Whether every mounted Secret could be read at least once."""
        return all(settings.name in self._read for settings in self._settings)

    @property
    def moved(self) -> bool:
        """Whether the kubelet has swapped a Secret since it was read: a look at one link each."""
        return any(
            version(settings.directory) != self._versions.get(settings.name, "")
            for settings in self._settings
        )

    def refresh(self) -> str:
        """Read the Secrets again; a broken new value keeps the old one. Returns what is wrong now."""
        for settings in self._settings:
            self._versions[settings.name] = version(settings.directory)
            try:
                self._swap(settings, read_connection(settings, self._environ))
                self.problems.pop(settings.name, None)
            except ConnectionInvalid as error:
                kept = "; the former value stays in use" if settings.name in self._read else ""
                self.problems[settings.name] = f"{error}{kept}"
        return "; ".join(self.problems.values())

    def get(self, name: str) -> Connection:
        """Take a connection by name. Raises ConnectionInvalid when it could not be read yet."""
        try:
            return self._read[self._aliases.get(name, name)]
        except KeyError:
            if name not in self.types:
                known = ", ".join(sorted(self.types)) or "none"
                raise ConnectionInvalid(
                    self.unusable.get(name, f"connection '{name}' is not resolved: there are {known}")
                ) from None
            why = self.unusable.get(name, f"connection '{name}' is not resolved: see /health")
            raise ConnectionInvalid(why) from None

    def _take_documents(self, documents: Mapping[str, Document]) -> None:
        """Make what the environment describes: once, since it does not change while the process runs."""
        found = variable_documents(self._environ)
        try:
            found |= encoded_documents(self._environ)
        except ConnectionInvalid as error:
            self.unusable[ENCODED] = str(error)
        for name, document in {**found, **documents}.items():
            if name in self.types:
                continue  # a mounted Secret goes before it
            try:
                self._read[name] = from_document(name, document, self._environ)
            except ConnectionInvalid as error:
                self.unusable[name] = str(error)
            else:
                self.types[name] = self._read[name].kind

    def _swap(self, settings: ConnectionSettings, new: Connection) -> None:
        """Take a new value; one that says the same stays the same object, which users compare by `is`."""
        old = self._read.get(settings.name)
        if old is not None and vars(old) == vars(new):
            return
        if old is not None and (lost := lost_keys(old, new)):
            called = f" {settings.secret_name}" if settings.secret_name else ""
            raise ConnectionInvalid(
                f"connection '{settings.name}': its Secret{called} has no key {lost[0]} any more: put it "
                "back, or restart the pods to go without it"
            )
        self._read[settings.name] = new
        self.taken[settings.name] = time.time()
