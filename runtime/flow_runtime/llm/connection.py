"""Connections: the fields of mounted Secrets, as promptflow names them, and where their chat API is.

Says what is missing by connection and key; never shows a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.llm.errors import ConnectionInvalid

OPENAI_URL = "https://api.openai.com/v1"
AZURE_API_VERSION = "2024-02-01"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a chat goes: URL, headers (with the key) and the model's name as the provider knows it."""

    url: str
    headers: dict[str, str] = field(repr=False)
    model: str


@dataclass(frozen=True)
class OpenAIConnection:
    """promptflow's OpenAIConnection: OpenAI, or any server with its API at `base_url`."""

    name: str
    api_key: str = field(repr=False)
    base_url: str = OPENAI_URL
    organization: str | None = None

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a chat (or another operation) with these parameters goes."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.api_key}"}
        if self.organization:
            headers["openai-organization"] = self.organization
        return Endpoint(f"{self.base_url}/{operation}", headers, str(parameters.get("model", "")))


@dataclass(frozen=True)
class AzureOpenAIConnection:
    """promptflow's AzureOpenAIConnection with a key."""

    name: str
    api_key: str = field(repr=False)
    api_base: str = ""
    api_version: str = AZURE_API_VERSION
    api_type: str = "azure"

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a chat (or another operation) with these parameters goes."""
        deployment = str(parameters.get("deployment_name", ""))
        path = f"/openai/deployments/{quote(deployment, safe='')}/{operation}"
        url = f"{self.api_base}{path}?api-version={quote(self.api_version)}"
        return Endpoint(url, {"content-type": "application/json", "api-key": self.api_key}, deployment)


Connection = OpenAIConnection | AzureOpenAIConnection


def read_connection(settings: ConnectionSettings) -> Connection:
    """Read a connection's files. Raises ConnectionInvalid, which names connection, key and fix."""
    fields = _Fields(settings)
    key = fields.required("api_key", "the provider's key")
    if not (key.isascii() and key.isprintable()):
        raise ConnectionInvalid(f"connection '{settings.name}': api_key holds characters that no key has")
    if settings.type is ConnectionType.AZURE_OPENAI:
        base = fields.optional("api_base") or fields.optional("base_url")
        base = base or fields.required("api_base", "the resource's URL, https://<resource>.openai.azure.com")
        version = fields.optional("api_version") or AZURE_API_VERSION
        return AzureOpenAIConnection(settings.name, key, _url(settings, base), version)
    base = fields.optional("base_url") or fields.optional("api_base") or OPENAI_URL
    return OpenAIConnection(settings.name, key, _url(settings, base), fields.optional("organization"))


class Connections:
    """The connections of a deployment. Reading them again swaps in what has changed in place."""

    def __init__(self, settings: Sequence[ConnectionSettings]) -> None:
        self._settings = tuple(settings)
        self._read: dict[str, Connection] = {}
        self.types = {each.name: each.type for each in self._settings}

    @property
    def resolved(self) -> bool:
        """Whether every connection could be read at least once."""
        return len(self._read) == len(self._settings)

    def refresh(self) -> str:
        """Read all again; a broken new value keeps the old one. Returns what is wrong, if anything is."""
        problems = []
        for settings in self._settings:
            try:
                self._read[settings.name] = read_connection(settings)
            except ConnectionInvalid as error:
                problems.append(str(error))
        return "; ".join(problems)

    def get(self, name: str) -> Connection:
        """Take a connection by name. Raises ConnectionInvalid when it could not be read yet."""
        try:
            return self._read[name]
        except KeyError:
            raise ConnectionInvalid(f"connection '{name}' is not resolved: see /health") from None


class _Fields:
    """The keys of a mounted Secret."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings

    def optional(self, key: str) -> str | None:
        try:
            return (self._settings.directory / key).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def required(self, key: str, what: str) -> str:
        value = self.optional(key)
        if value is not None:
            return value
        called = f" {self._settings.secret_name}" if self._settings.secret_name else ""
        secret = f"connection '{self._settings.name}': its Secret{called}"
        if not _has_files(self._settings.directory):
            raise ConnectionInvalid(f"{secret} is missing or empty: create it with the key {key} ({what})")
        raise ConnectionInvalid(f"{secret} has no key {key}: add {what}")


def _has_files(directory: Path) -> bool:
    try:
        return any(not path.name.startswith("..") for path in directory.iterdir())
    except OSError:
        return False


def _url(settings: ConnectionSettings, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable():
        raise ConnectionInvalid(
            f"connection '{settings.name}': its URL must begin with https:// or http:// and name a host"
        )
    return text.rstrip("/")
