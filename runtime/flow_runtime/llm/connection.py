"""The connections of a deployment: those of mounted Secrets first, then those of the environment.

Says what is missing by connection and key; never shows a value.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.llm.connection_forms import (
    Document,
    Environ,
    class_of,
    environment_documents,
    from_document,
)
from flow_runtime.llm.connection_services import BY_KIND, CustomConnection
from flow_runtime.llm.connection_types import (
    KEY,
    AzureOpenAIConnection,
    Connection,
    OpenAIConnection,
    ServerlessConnection,
    StrongConnection,
)
from flow_runtime.llm.endpoint import OPENAI_URL, Endpoint
from flow_runtime.llm.errors import ConnectionInvalid

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

URLS = ("base_url", "api_base", "endpoint")
NEEDED = {
    "api_key": "the provider's key",
    "api_base": "the resource's URL, such as https://<resource>.openai.azure.com",
    "endpoint": "the resource's URL",
}
CONFIGS = "configs."


def read_connection(settings: ConnectionSettings, environ: Environ | None = None) -> Connection:
    """Read a connection's files; what they lack comes from variables `{CONNECTION}_{FIELD}`.

    Raises ConnectionInvalid, which names connection, key and fix.
    """
    fields = _Fields(settings, environ or {})
    made = BY_KIND[settings.type]
    if not issubclass(made, StrongConnection):
        return _custom(settings, fields)
    values = {field: value for field in made.order if (value := fields.optional(field))}
    if "api_base" in made.order:
        values.setdefault("api_base", fields.optional("base_url") or "")
    elif "base_url" in made.order and (base := fields.optional("api_base")):
        values.setdefault("base_url", base)
    values = {field: value for field, value in values.items() if value}
    keyed = (values.get("auth_mode") or KEY) == KEY
    for field in made.order if keyed else (field for field in made.order if field != "api_key"):
        if field not in values and field not in made.defaults:
            raise ConnectionInvalid(fields.missing(field, NEEDED.get(field, "a value")))
    _check(settings, values)
    return made(name=settings.name, token=fields.optional("token"), **values)


class Connections:
    """The connections of a deployment. Reading them again swaps in what has changed in place.

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
        self._problem = ""
        self.types: dict[str, ConnectionType] = {each.name: each.type for each in self._settings}
        try:
            found = environment_documents(self._environ)
        except ConnectionInvalid as error:
            found, self._problem = {}, str(error)
        self._documents = {
            name: document
            for name, document in {**found, **(documents or {})}.items()
            if name not in self.types
        }
        self.types |= {name: class_of(name, each).kind for name, each in self._documents.items()}
        # promptflow's other form: a variable with a connection's name holds the name of another connection.
        self._aliases = {
            name: value
            for name, value in self._environ.items()
            if value in self.types and name not in self.types
        }
        self.types |= {name: self.types[value] for name, value in self._aliases.items()}

    @property
    def resolved(self) -> bool:
        """Whether every connection could be read at least once."""
        return len(self._read) == len(self.types) - len(self._aliases) and not self._problem

    def refresh(self) -> str:
        """Read all again; a broken new value keeps the old one. Returns what is wrong, if anything is."""
        problems = [self._problem] if self._problem else []
        for settings in self._settings:
            try:
                self._keep(read_connection(settings, self._environ))
            except ConnectionInvalid as error:
                problems.append(str(error))
        for name, document in self._documents.items():
            if name not in self._read:  # neither it nor the environment changes while the process runs
                try:
                    self._keep(from_document(name, document, self._environ))
                except ConnectionInvalid as error:
                    problems.append(str(error))
        return "; ".join(problems)

    def get(self, name: str) -> Connection:
        """Take a connection by name. Raises ConnectionInvalid when it could not be read yet."""
        try:
            return self._read[self._aliases.get(name, name)]
        except KeyError:
            raise ConnectionInvalid(f"connection '{name}' is not resolved: see /health") from None

    def _keep(self, connection: Connection) -> None:
        """Swap one in; one that says the same stays the same object, which users compare by `is`."""
        name = str(connection.name)
        old = self._read.get(name)
        if old is None or vars(old) != vars(connection):
            self._read[name] = connection


class _Fields:
    """The keys of a mounted Secret, and the variables that stand in for those it lacks."""

    def __init__(self, settings: ConnectionSettings, environ: Environ) -> None:
        self._settings = settings
        self._environ = environ

    def optional(self, key: str) -> str | None:
        try:
            value = (self._settings.directory / key).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            value = ""
        return value or self._environ.get(f"{self._settings.name.replace(' ', '_')}_{key}".upper()) or None

    def names(self) -> list[str]:
        try:
            files = sorted(path.name for path in self._settings.directory.iterdir())
        except OSError:
            return []
        return [name for name in files if not name.startswith("..")]

    def missing(self, key: str, what: str) -> str:
        called = f" {self._settings.secret_name}" if self._settings.secret_name else ""
        secret = f"connection '{self._settings.name}': its Secret{called}"
        if not self.names():
            return f"{secret} is missing or empty: create it with the key {key} ({what})"
        return f"{secret} has no key {key}: add {what}"


def _custom(settings: ConnectionSettings, fields: _Fields) -> CustomConnection:
    names = fields.names()
    if not names:
        raise ConnectionInvalid(fields.missing("<key>", "a secret of the connection"))
    values = {name: fields.optional(name) or "" for name in names}
    return CustomConnection(
        secrets={name: value for name, value in values.items() if not name.startswith(CONFIGS)},
        configs={
            name.removeprefix(CONFIGS): value for name, value in values.items() if name.startswith(CONFIGS)
        },
        name=settings.name,
    )


def _check(settings: ConnectionSettings, values: dict[str, str]) -> None:
    key = values.get("api_key", "")
    if not (key.isascii() and key.isprintable()):
        raise ConnectionInvalid(f"connection '{settings.name}': api_key holds characters that no key has")
    for field in URLS:
        if field in values:
            parts = urlsplit(values[field])
            if parts.scheme not in ("http", "https") or not parts.hostname or not values[field].isprintable():
                raise ConnectionInvalid(
                    f"connection '{settings.name}': its URL must begin with https:// or http:// "
                    "and name a host"
                )
            values[field] = values[field].rstrip("/")
