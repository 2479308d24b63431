"""promptflow.tools.embedding, over our client."""

from enum import StrEnum

from flow_runtime.flow.shim import ambient
from flow_runtime.flow.shim.ambient import Ambient
from flow_runtime.flow.shim.decorators import tool
from flow_runtime.flow.shim.exceptions import (
    InvalidConnectionType,
    WrappedOpenAIError,
)
from flow_runtime.llm.call import Question
from flow_runtime.llm.connection_types import AzureOpenAIConnection, OpenAIConnection, ServerlessConnection
from flow_runtime.llm.errors import LLMError

Embedder = AzureOpenAIConnection | OpenAIConnection | ServerlessConnection


class EmbeddingModel(StrEnum):
    """Models of embeddings that editors offer."""

    TEXT_EMBEDDING_ADA_002 = "text-embedding-ada-002"
    TEXT_SEARCH_ADA_DOC_001 = "text-search-ada-doc-001"
    TEXT_SEARCH_ADA_QUERY_001 = "text-search-ada-query-001"


@tool
def embedding(
    connection: AzureOpenAIConnection | OpenAIConnection | ServerlessConnection,
    input: str,  # noqa: A002 - promptflow's name
    deployment_name: str = "",
    model: str = EmbeddingModel.TEXT_EMBEDDING_ADA_002,
) -> list[float]:
    """Turn a text into a vector. Raises InvalidConnectionType, WrappedOpenAIError."""
    if not isinstance(connection, Embedder):
        raise InvalidConnectionType(
            f"Not Support connection type '{type(connection).__name__}' for embedding api. "
            "Connection type should be in [AzureOpenAIConnection, OpenAIConnection]."
        )
    azure = isinstance(connection, AzureOpenAIConnection)
    parameters = {"deployment_name": deployment_name} if azure else {"model": str(model)}

    async def ask(here: Ambient) -> list[float]:
        try:
            with ambient.counted(here) as call:
                question = Question(connection, parameters, input, call, here.deadline)
                return await here.services.llm.embed(question)
        except LLMError as error:
            raise WrappedOpenAIError(str(error)) from error

    return ambient.wait(ask)
