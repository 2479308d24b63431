"""Connections to other services than LLMs, custom ones, and the list of all types."""

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.llm.connection_types import (
    KEY,
    AzureOpenAIConnection,
    Connection,
    Field,
    OpenAIConnection,
    ServerlessConnection,
    StrongConnection,
)

PROMPTFLOW_TYPE = "promptflow.connection.custom_type"
PROMPTFLOW_MODULE = "promptflow.connection.module"


class Secret(str):
    """Marks a field of a custom type as secret, and a parameter as the name of a secret."""

    def set_secret_name(self, name: str) -> None:
        """Keep the secret's name."""
        self.secret_name = name


class AzureAIServicesConnection(StrongConnection):
    """Azure AI Services."""

    kind = ConnectionType.AZURE_AI_SERVICES
    order = ("endpoint", "api_key", "auth_mode")
    defaults: ClassVar[Mapping[str, Any]] = {"auth_mode": KEY}
    endpoint, auth_mode = Field(), Field()


class CognitiveSearchConnection(StrongConnection):
    """Azure AI Search."""

    kind = ConnectionType.COGNITIVE_SEARCH
    order = ("api_base", "api_key", "api_version", "auth_mode")
    defaults: ClassVar[Mapping[str, Any]] = {"api_version": "2023-11-01", "auth_mode": KEY}
    api_base, api_version, auth_mode = Field(), Field(), Field()


class AzureContentSafetyConnection(StrongConnection):
    """Azure AI Content Safety."""

    kind = ConnectionType.AZURE_CONTENT_SAFETY
    order = ("api_key", "endpoint", "api_version", "api_type")
    defaults: ClassVar[Mapping[str, Any]] = {"api_version": "2023-10-01", "api_type": "Content Safety"}
    endpoint, api_version, api_type = Field(), Field(), Field()


class FormRecognizerConnection(AzureContentSafetyConnection):
    """Azure AI Document Intelligence."""

    kind = ConnectionType.FORM_RECOGNIZER
    defaults: ClassVar[Mapping[str, Any]] = {"api_version": "2023-07-31", "api_type": "Form Recognizer"}


class SerpConnection(StrongConnection):
    """SerpAPI."""

    kind = ConnectionType.SERP


class QdrantConnection(StrongConnection):
    """Qdrant."""

    kind = ConnectionType.QDRANT
    module = "promptflow_vectordb.connections"
    order = ("api_key", "api_base")
    api_base = Field()


class WeaviateConnection(QdrantConnection):
    """Weaviate."""

    kind = ConnectionType.WEAVIATE


class CustomStrongTypeConnection(Connection):
    """What a package's own connection class extends; its annotations say which fields are secret."""

    kind = ConnectionType.CUSTOM
    TYPE = "Custom"

    def __init__(
        self, secrets: Mapping[str, Any], configs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(kwargs.get("name"), configs, secrets)

    def __getattribute__(self, item: str) -> Any:
        # A field with a default in the class has a value there, which is not this connection's.
        hints = getattr(super().__getattribute__("__class__"), "__annotations__", {})
        if item not in hints:
            return super().__getattribute__(item)
        fields = self.secrets if _is_secret(hints[item]) else self.configs
        return fields[item] if item in fields else super().__getattribute__(item)


class CustomConnection(Connection):
    """Any keys: secret ones in `secrets`, others in `configs`, all as attributes."""

    kind = ConnectionType.CUSTOM
    TYPE = "Custom"

    def __init__(
        self,
        secrets: Mapping[str, Any] | None = None,
        configs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **_: Any,
    ) -> None:
        super().__init__(name, configs, secrets)

    def __getattr__(self, item: str) -> Any:
        if not item.startswith("__"):  # those of copy and pickle, asked before there are fields
            for fields in (self.__dict__.get("secrets", {}), self.__dict__.get("configs", {})):
                if item in fields:
                    return fields[item]
        raise AttributeError(f"connection '{self.__dict__.get('name')}' has no key '{item}'")

    def is_secret(self, item: str) -> bool:
        """Say whether a key is secret."""
        return item in self.secrets

    def converted(self, wanted: type) -> Connection:
        """Make a package's own connection of it: of the class it names, else of the one that is wanted."""
        module, name = self.configs.get(PROMPTFLOW_MODULE), self.configs.get(PROMPTFLOW_TYPE)
        if module and name:
            found: ModuleType = importlib.import_module(module)
            wanted = getattr(found, name)
        made: Connection = wanted(configs=self.configs, secrets=self.secrets, name=self.name)
        return made


CLASSES: Mapping[str, type[Connection]] = {
    each.__name__: each
    for each in (
        AzureAIServicesConnection,
        AzureContentSafetyConnection,
        AzureOpenAIConnection,
        CognitiveSearchConnection,
        CustomConnection,
        FormRecognizerConnection,
        OpenAIConnection,
        QdrantConnection,
        SerpConnection,
        ServerlessConnection,
        WeaviateConnection,
    )
}
"""All types that a connection can have, by the names of their classes."""
BY_KIND: Mapping[ConnectionType, type[Connection]] = {each.kind: each for each in CLASSES.values()}


def _is_secret(hint: Any) -> bool:
    return hint is Secret or (isinstance(hint, str) and hint.rpartition(".")[2] == "Secret")
