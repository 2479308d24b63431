"""A connection of a mounted Secret: its keys as of one moment, checked, or what is wrong with them.

The kubelet writes a new folder beside the old one and swaps the link `..data` over to it in one step
(Kubernetes' atomic_writer.go). Says what is missing by connection and key; never shows a value.
"""

from pathlib import Path
from urllib.parse import urlsplit

from flow_runtime.contracts.settings import ConnectionSettings
from flow_runtime.llm.connection_forms import Environ
from flow_runtime.llm.connection_services import BY_KIND, CustomConnection
from flow_runtime.llm.connection_types import KEY, Connection, StrongConnection
from flow_runtime.llm.errors import ConnectionInvalid

DATA = "..data"
TRIES = 3
URLS = ("base_url", "api_base", "endpoint")
NEEDED = {
    "api_key": "the provider's key",
    "api_base": "the resource's URL, such as https://<resource>.openai.azure.com",
    "endpoint": "the resource's URL",
}
CONFIGS = "configs."


def version(directory: Path) -> str:
    """Name the folder that the kubelet's link points to; empty where it has made none."""
    try:
        return str((directory / DATA).readlink())
    except OSError:
        return ""


def read_secret(directory: Path) -> dict[str, str]:
    """Read all keys of a mounted Secret, all of the same version of it: a key goes with its URL.

    What is no text has the value "". There are no keys without a Secret, or while it is swapped on and on.
    """
    for _ in range(TRIES):
        now = version(directory)
        found = _read_files(directory / now)
        if version(directory) == now:
            return found
    return {}


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


def lost_keys(old: Connection, new: Connection) -> list[str]:
    """Name what had a value and has none any more: a Secret is replaced by a whole one, not by a part."""
    before, after = {**old.configs, **old.secrets}, {**new.configs, **new.secrets}
    if before.get("auth_mode") != after.get("auth_mode"):
        before.pop("api_key", None)  # a token takes its place
    return sorted(key for key, value in before.items() if value and not after.get(key))


class _Fields:
    """The keys of a mounted Secret, and the variables that stand in for those it lacks."""

    def __init__(self, settings: ConnectionSettings, environ: Environ) -> None:
        self._settings = settings
        self._environ = environ
        self.files = read_secret(settings.directory)

    def optional(self, key: str) -> str | None:
        variable = f"{self._settings.name.replace(' ', '_')}_{key}".upper()
        return self.files.get(key) or self._environ.get(variable) or None

    def missing(self, key: str, what: str) -> str:
        called = f" {self._settings.secret_name}" if self._settings.secret_name else ""
        secret = f"connection '{self._settings.name}': its Secret{called}"
        if not self.files:
            return f"{secret} is missing or empty: create it with the key {key} ({what})"
        return f"{secret} has no key {key}: add {what}"


def _read_files(directory: Path) -> dict[str, str]:
    found = {}
    try:
        for path in sorted(directory.iterdir()):
            if not path.name.startswith("..") and path.is_file():
                found[path.name] = _read_text(path)
    except OSError:  # the folder is not there, or was swapped for a new one meanwhile
        return {}
    return found


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _custom(settings: ConnectionSettings, fields: _Fields) -> CustomConnection:
    if not fields.files:
        raise ConnectionInvalid(fields.missing("<key>", "a secret of the connection"))
    values = {name: fields.optional(name) or "" for name in fields.files}
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
            if not _is_url(values[field]):
                raise ConnectionInvalid(
                    f"connection '{settings.name}': its URL ({field}) must begin with https:// or http:// "
                    "and name a host"
                )
            values[field] = values[field].rstrip("/")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        return False
    return known and text.isprintable() and " " not in text
