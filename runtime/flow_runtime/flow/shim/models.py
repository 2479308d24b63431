"""promptflow's model configurations: credentials and a model, or the name of a connection and a model."""

from dataclasses import dataclass, field
from typing import Any, Self

from flow_runtime.flow.shim.exceptions import InvalidConnectionError
from flow_runtime.llm.connection_types import AzureOpenAIConnection, OpenAIConnection


class ModelConfiguration:
    """Base of both."""

    connection: str | None

    def resolved(self, connection: Any) -> "ModelConfiguration":
        """Make one with a connection's credentials in it instead of its name."""
        raise TypeError(f"{type(self).__name__} cannot take credentials of a connection")


@dataclass
class AzureOpenAIModelConfiguration(ModelConfiguration):
    """A deployment of Azure OpenAI."""

    azure_deployment: str
    azure_endpoint: str | None = None
    api_version: str | None = None
    api_key: str | None = field(default=None, repr=False)
    connection: str | None = None

    def __post_init__(self) -> None:
        _either(self.connection, self.azure_endpoint, self.api_key, self.api_version)

    @classmethod
    def from_connection(cls, connection: AzureOpenAIConnection, azure_deployment: str) -> Self:
        """Make one with a connection's credentials."""
        return cls(azure_deployment, connection.api_base, connection.api_version, connection.api_key)

    def resolved(self, connection: Any) -> "AzureOpenAIModelConfiguration":
        """Make one with a connection's credentials in it instead of its name."""
        return type(self).from_connection(connection, self.azure_deployment)


@dataclass
class OpenAIModelConfiguration(ModelConfiguration):
    """A model of OpenAI or of a server like it."""

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    connection: str | None = None

    def __post_init__(self) -> None:
        _either(self.connection, self.base_url, self.api_key, self.organization)

    @classmethod
    def from_connection(cls, connection: OpenAIConnection, model: str) -> Self:
        """Make one with a connection's credentials."""
        return cls(model, connection.base_url, connection.api_key, connection.organization)

    def resolved(self, connection: Any) -> "OpenAIModelConfiguration":
        """Make one with a connection's credentials in it instead of its name."""
        return type(self).from_connection(connection, self.model)


def _either(connection: str | None, *credentials: str | None) -> None:
    if connection and any(credentials):
        raise InvalidConnectionError("Cannot configure model config and connection at the same time.")
