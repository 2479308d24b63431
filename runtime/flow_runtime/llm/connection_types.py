"""Connections of every type of promptflow 1.18, with its class and attribute names.

Plain values: nothing here reads files or the network, and no value of a secret is ever shown.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.llm import endpoint as endpoints
from flow_runtime.llm.endpoint import Endpoint
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.llm.token import FILE_VARIABLE, VARIABLE, environment_token

KEY, MEID_TOKEN = "key", "meid_token"
MODULE = "promptflow.connections"


class Connection:
    """Named credentials: `secrets` and `configs`, both also as items, so that `dict(c)` and `**c` work."""

    kind: ClassVar[ConnectionType]
    TYPE: ClassVar[str] = "NotSet"
    module = MODULE

    def __init__(
        self,
        name: str | None = None,
        configs: Mapping[str, Any] | None = None,
        secrets: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        self.name = name
        self.configs = dict(configs or {})
        self.secrets = dict(secrets or {})

    @property
    def type(self) -> str:
        """Its type by promptflow's name."""
        return self.TYPE

    @property
    def class_name(self) -> str:
        """The name of its class, as promptflow's JSON form has it."""
        return f"{self.TYPE}Connection"

    def keys(self) -> list[str]:
        """Name all fields."""
        return [*self.configs, *self.secrets]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __getitem__(self, item: str) -> Any:
        if item in self.secrets:
            return self.secrets[item]
        if item in self.configs:
            return self.configs[item]
        raise KeyError(f"Key {item!r} not found in connection {self.name!r}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a call with these parameters goes. Raises ConnectionInvalid if this is no LLM."""
        raise ConnectionInvalid(f"connection '{self.name}' is of type {self.TYPE}, which is no LLM")

    def secret_values(self) -> list[str]:
        """Give what must never be shown."""
        return [value for value in self.secrets.values() if isinstance(value, str) and value]


class Field:
    """An attribute that is kept in `configs` or, if secret, in `secrets`."""

    def __init__(self, secret: bool = False) -> None:
        self._secret = secret

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, made: Connection | None, owner: type | None = None) -> Any:
        if made is None:
            return self
        return (made.secrets if self._secret else made.configs).get(self._name)

    def __set__(self, made: Connection, value: Any) -> None:
        (made.secrets if self._secret else made.configs)[self._name] = value


class StrongConnection(Connection):
    """A type whose fields are known: `order` as promptflow's constructor takes them, `defaults` of some."""

    order: ClassVar[tuple[str, ...]] = ("api_key",)
    defaults: ClassVar[Mapping[str, Any]] = {}
    api_key = Field(secret=True)

    def __init__(self, *values: Any, name: str | None = None, **fields: Any) -> None:
        given = {**self.defaults, **dict(zip(self.order, values, strict=False))}
        given |= {field: value for field, value in fields.items() if field in self.order}
        self._token = fields.get("token") or ""
        keyed = given.get("auth_mode", KEY) == KEY
        if missing := [field for field in self.order if field not in given and (keyed or field != "api_key")]:
            raise TypeError(f"{type(self).__name__}() needs {' and '.join(missing)}")
        configs = {field: given[field] for field in self.order if field != "api_key"}
        super().__init__(name, configs, {"api_key": given["api_key"]} if keyed else {})

    def __init_subclass__(cls) -> None:
        cls.TYPE = cls.kind.value

    @property
    def token(self) -> str:
        """The Entra token of a connection without a key."""
        return self._token or environment_token(os.environ)

    def get_token(self) -> str:
        """Give the Entra token. Raises ConnectionInvalid, which names the places where it can come from."""
        if self.token:
            return self.token
        raise ConnectionInvalid(
            f"connection '{self.name}' has the auth_mode {MEID_TOKEN} and no token: add the key token to its "
            f"Secret, or set {VARIABLE}, or {FILE_VARIABLE} to a file with it"
        )

    def secret_values(self) -> list[str]:
        """Give what must never be shown."""
        return [*super().secret_values(), *([self.token] if MEID_TOKEN in self.configs.values() else [])]


class AzureOpenAIConnection(StrongConnection):
    """Azure OpenAI, by key or by Entra token."""

    kind = ConnectionType.AZURE_OPENAI
    order = ("api_base", "api_key", "api_type", "api_version", "auth_mode", "resource_id")
    defaults: ClassVar[Mapping[str, Any]] = {
        "api_type": "azure",
        "api_version": "2024-02-01",
        "auth_mode": KEY,
        "resource_id": None,
    }
    api_base, api_type, api_version, auth_mode, resource_id = Field(), Field(), Field(), Field(), Field()

    @classmethod
    def from_env(cls, name: str | None = None) -> Self:
        """Make one of the variables that the openai package reads. Raises LookupError."""
        base, key = os.environ.get("AZURE_OPENAI_ENDPOINT"), os.environ.get("AZURE_OPENAI_API_KEY")
        if base is None or key is None:
            raise LookupError("set the variables AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY")
        version = os.environ.get("OPENAI_API_VERSION") or cls.defaults["api_version"]
        return cls(base, key, api_version=version, name=name)

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a call with these parameters goes."""
        keyed = self.auth_mode == KEY
        header = ("api-key", self.api_key) if keyed else ("authorization", f"Bearer {self.get_token()}")
        deployment = parameters.get("deployment_name")
        return endpoints.azure(str(self.api_base or ""), str(self.api_version), header, deployment, operation)


class OpenAIConnection(StrongConnection):
    """OpenAI, or any server with its API at `base_url`."""

    kind = ConnectionType.OPENAI
    order = ("api_key", "organization", "base_url")
    defaults: ClassVar[Mapping[str, Any]] = {"organization": None, "base_url": None}
    organization, base_url = Field(), Field()

    def __init__(self, *values: Any, name: str | None = None, **fields: Any) -> None:
        super().__init__(*values, name=name, **fields)
        if self.base_url in ("", "_"):
            self.base_url = None

    @classmethod
    def from_env(cls, name: str | None = None) -> Self:
        """Make one of the variables that the openai package reads. Raises LookupError."""
        key = os.environ.get("OPENAI_API_KEY")
        if key is None:
            raise LookupError("set the variable OPENAI_API_KEY")
        return cls(key, os.environ.get("OPENAI_ORG_ID"), os.environ.get("OPENAI_BASE_URL"), name=name)

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a call with these parameters goes."""
        model = parameters.get("model")
        return endpoints.openai(self.base_url, self.api_key, self.organization, model, operation)


class ServerlessConnection(StrongConnection):
    """A model of Azure's catalogue: OpenAI's API at `<api_base>/v1`."""

    kind = ConnectionType.SERVERLESS
    order = ("api_key", "api_base")
    api_base = Field()

    def endpoint(self, parameters: Mapping[str, Any], operation: str = "chat/completions") -> Endpoint:
        """Say where a call with these parameters goes."""
        return endpoints.serverless(str(self.api_base), self.api_key, parameters.get("model"), operation)
