"""promptflow.tools that are no chat: embeddings over our client; services that are not there say so."""

from enum import StrEnum
from typing import Any, NoReturn

from flow_runtime.flow.shim import ambient
from flow_runtime.flow.shim.ambient import Ambient
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.exceptions import (
    InvalidConnectionType,
    UserErrorException,
    WrappedOpenAIError,
)
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.call import Question
from flow_runtime.llm.connection_services import AzureContentSafetyConnection, SerpConnection
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


class Engine(StrEnum):
    """Search engines of SerpAPI."""

    GOOGLE = "google"
    BING = "bing"


class SafeMode(StrEnum):
    """SerpAPI's filter of adult content."""

    ACTIVE = "active"
    OFF = "off"


class SerpAPI(ToolProvider):
    """A search of the web."""

    def __init__(self, connection: SerpConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def search(
        self,
        query: str,
        location: str | None = None,
        safe: str = SafeMode.OFF,
        num: int = 10,
        engine: str = Engine.GOOGLE,
    ) -> dict[str, Any]:
        """Raise: the runtime calls no other service than LLMs by itself."""
        _missing("promptflow.tools.serpapi.SerpAPI.search", "SerpAPI")


@tool
def search(
    connection: SerpConnection,
    query: str,
    location: str | None = None,
    safe: str = SafeMode.OFF,
    num: int = 10,
    engine: str = Engine.GOOGLE,
) -> dict[str, Any]:
    """Raise: see SerpAPI."""
    return SerpAPI(connection).search(query, location, safe, num, engine)  # type: ignore[no-any-return]


class TextCategorySensitivity(StrEnum):
    """How much of a category is let through."""

    DISABLE = "disable"
    LOW_SENSITIVITY = "low_sensitivity"
    MEDIUM_SENSITIVITY = "medium_sensitivity"
    HIGH_SENSITIVITY = "high_sensitivity"


_MEDIUM = TextCategorySensitivity.MEDIUM_SENSITIVITY


@tool
def analyze_text(
    connection: AzureContentSafetyConnection,
    text: str,
    hate_category: str = _MEDIUM,
    sexual_category: str = _MEDIUM,
    self_harm_category: str = _MEDIUM,
    violence_category: str = _MEDIUM,
) -> dict[str, Any]:
    """Raise: the runtime calls no other service than LLMs by itself."""
    _missing("promptflow.tools.azure_content_safety.analyze_text", "Azure AI Content Safety")


class AzureContentSafety(ToolProvider):
    """A check of texts."""

    def __init__(self, connection: AzureContentSafetyConnection) -> None:
        super().__init__()
        self.connection = connection

    def analyze_text(self, text: str, **categories: str) -> dict[str, Any]:
        """Raise: see analyze_text."""
        return analyze_text(self.connection, text, **categories)  # type: ignore[no-any-return]


class API(StrEnum):
    """What is asked of an open model."""

    CHAT = "chat"
    COMPLETION = "completion"


class OpenModelLLM(ToolProvider):
    """A model behind an Azure ML online endpoint."""

    @tool
    def call(
        self,
        prompt: PromptTemplate,
        api: str,
        endpoint_name: str,
        deployment_name: str | None = None,
        temperature: float = 1.0,
        max_new_tokens: int = 500,
        top_p: float = 1.0,
        model_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> str:
        """Raise: endpoints are found through Azure, which is not there."""
        _missing("promptflow.tools.open_model_llm.OpenModelLLM.call", "Azure Machine Learning's endpoints")


def _missing(name: str, service: str) -> NoReturn:
    raise UserErrorException(
        f"{name} needs {service}, which flow-operator does not call: install promptflow-tools in the image"
    )
