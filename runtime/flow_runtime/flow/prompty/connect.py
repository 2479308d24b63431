"""Which connection and model a prompty's configuration means."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.errors import GetConnectionError, UnknownConnectionType
from flow_runtime.flow.listed import not_listed
from flow_runtime.flow.parameters import MODEL_FIELDS
from flow_runtime.flow.prompty.model import NOT_FIELDS
from flow_runtime.flow.shim.models import AzureOpenAIModelConfiguration, ModelConfiguration
from flow_runtime.llm.connection_types import AzureOpenAIConnection, Connection, OpenAIConnection
from flow_runtime.llm.errors import ConnectionInvalid

AZURE = ("azure_openai", "AzureOpenAI")
OPENAI = ("openai", "OpenAI")
_MODELS = ("azure_deployment", "model")


def model_of(configuration: Any) -> str:
    """Name the model or deployment."""
    fields = _fields(configuration)
    return str(next((fields[name] for name in _MODELS if fields.get(name)), ""))


def connect(configuration: Any, named: Callable[[str], Connection]) -> Connection:
    """Find the connection: by name, of the fields, or of the environment where there are none.

    Raises ConnectionInvalid, which names what is missing.
    """
    fields = _fields(configuration)
    connection = fields.get("connection")
    given = {
        name: os.environ.get(value[6:-1], value) if _is_reference(value) else value
        for name, value in fields.items()
        if name not in NOT_FIELDS and value
    }
    if connection:
        if given:
            raise ConnectionInvalid(
                f"a model's configuration names a connection and {', '.join(sorted(given))}: keep one of both"
            )
        return connection if isinstance(connection, Connection) else named(str(connection))
    kind = "AzureOpenAI" if isinstance(configuration, AzureOpenAIModelConfiguration) else fields.get("type")
    if kind in AZURE:
        return _azure(given)
    if kind in OPENAI or isinstance(configuration, ModelConfiguration):
        return _openai(given)
    raise ConnectionInvalid(
        f"a model's configuration has the type {kind!r}: "
        "write azure_openai, openai, or the name of a connection"
    )


def check_connection(
    configuration: Mapping[str, Any], connections: Mapping[str, ConnectionType] | None, file: str
) -> None:
    """Refuse a connection that is not there or no LLM's. Raises GetConnectionError, UnknownConnectionType."""
    wanted, kind = configuration.get("connection"), configuration.get("type")
    if not isinstance(wanted, str) or not wanted:
        if kind and not _is_reference(kind) and kind not in (*AZURE, *OPENAI):
            raise UnknownConnectionType(
                f"{file}: model.configuration.type must be {AZURE[0]} or {OPENAI[0]}, not {kind!r}",
                ("model", "configuration", "type"),
            )
        return
    if connections is None:
        return
    at = ("model", "configuration", "connection")
    if wanted not in connections:
        raise GetConnectionError(f"{file}: {not_listed(wanted, connections)}", at)
    if connections[wanted] not in MODEL_FIELDS:
        raise UnknownConnectionType(
            f"{file}: connection '{wanted}' is of type {connections[wanted]}, which is no LLM: "
            f"name one of type {', '.join(MODEL_FIELDS)}",
            at,
        )


def route(connection: Connection, model: str) -> dict[str, str]:
    """Say by which parameter a connection takes the model's name."""
    return {"deployment_name" if isinstance(connection, AzureOpenAIConnection) else "model": model}


def _fields(configuration: Any) -> Mapping[str, Any]:
    return vars(configuration) if isinstance(configuration, ModelConfiguration) else configuration


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("${env:") and value.endswith("}")


def _azure(given: Mapping[str, Any]) -> Connection:
    base = given.get("azure_endpoint") or given.get("api_base") or os.environ.get("AZURE_OPENAI_ENDPOINT")
    key = given.get("api_key") or os.environ.get("AZURE_OPENAI_API_KEY")
    version = given.get("api_version") or (not given and os.environ.get("OPENAI_API_VERSION"))
    if not base or not key:
        missing = "azure_endpoint (AZURE_OPENAI_ENDPOINT)" if not base else "api_key (AZURE_OPENAI_API_KEY)"
        raise ConnectionInvalid(f"the model's configuration and the environment lack {missing}: add it")
    optional = {"api_version": version} if version else {}
    return AzureOpenAIConnection(base, key, **optional)


def _openai(given: Mapping[str, Any]) -> Connection:
    key = given.get("api_key") or os.environ.get("OPENAI_API_KEY")
    if not key:
        raise ConnectionInvalid(
            "the model's configuration and the environment lack api_key (OPENAI_API_KEY): add it"
        )
    organization = given.get("organization") or os.environ.get("OPENAI_ORG_ID")
    return OpenAIConnection(key, organization, given.get("base_url") or os.environ.get("OPENAI_BASE_URL"))
