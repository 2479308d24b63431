"""promptflow-tools' helpers for tools that use the openai package, which is imported only then."""

from collections.abc import Callable
from typing import Any

from flow_runtime.flow.shim.exceptions import InvalidConnectionType
from flow_runtime.llm.connection_types import (
    KEY,
    AzureOpenAIConnection,
    OpenAIConnection,
    ServerlessConnection,
)


def normalize_connection_config(connection: Any) -> dict[str, Any]:
    """Give the arguments of the openai package's client for a connection. Raises InvalidConnectionType."""
    if isinstance(connection, AzureOpenAIConnection):
        keyed = connection.auth_mode == KEY
        secret = (
            {"api_key": connection.api_key} if keyed else {"azure_ad_token_provider": connection.get_token}
        )
        place = {"azure_endpoint": connection.api_base, "api_version": connection.api_version}
        return {"max_retries": 0, **place, **secret}
    if isinstance(connection, OpenAIConnection):
        place = {"base_url": connection.base_url, "organization": connection.organization}
        return {"max_retries": 0, "api_key": connection.api_key, **place}
    if isinstance(connection, ServerlessConnection):
        base = str(connection.api_base).rstrip("/").removesuffix("/v1")
        return {"max_retries": 0, "api_key": connection.api_key, "base_url": f"{base}/v1"}
    raise InvalidConnectionType(
        f"Not Support connection type '{type(connection).__name__}'. "
        "Connection type should be in [AzureOpenAIConnection, OpenAIConnection, ServerlessConnection]."
    )


def init_azure_openai_client(connection: AzureOpenAIConnection) -> Any:
    """Make the openai package's client for Azure."""
    import openai

    return openai.AzureOpenAI(**normalize_connection_config(connection))


def init_openai_client(connection: OpenAIConnection) -> Any:
    """Make the openai package's client."""
    import openai

    return openai.OpenAI(**normalize_connection_config(connection))


def handle_openai_error(*_: Any, **__: Any) -> Callable[[Any], Any]:
    """Leave a function as it is: what it raises is said as it is, and retries are the client's."""
    return lambda function: function
