"""promptflow.tools' LLMs that see images: chats with fewer parameters, and with defaults of their own."""

from typing import Any

from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.exceptions import InvalidConnectionType
from flow_runtime.flow.shim.llm_tools import ask
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.connection_types import AzureOpenAIConnection, Connection, OpenAIConnection

Stop = list[Any] | None


def _see(connection: Connection, prompt: str, arguments: dict[str, Any]) -> Any:
    """Ask with what is given, and with the values of the templates in `kwargs`."""
    values = arguments.pop("kwargs")
    return ask(connection, "chat", prompt, {**values, **arguments}, n=1)


class AzureOpenAI(ToolProvider):
    """promptflow.tools.aoai_gpt4v."""

    def __init__(self, connection: AzureOpenAIConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
    def chat(
        self,
        prompt: PromptTemplate,
        deployment_name: str,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stream: bool = False,
        stop: Stop = None,
        max_tokens: int | None = None,
        presence_penalty: float = 0,
        frequency_penalty: float = 0,
        seed: int | None = None,
        detail: str = "auto",
        **kwargs: Any,
    ) -> Any:
        """Chat about images."""
        given = {name: value for name, value in locals().items() if name not in ("self", "prompt")}
        return _see(self.connection, prompt, given)


class OpenAI(ToolProvider):
    """promptflow.tools.openai_gpt4v."""

    def __init__(self, connection: OpenAIConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
    def chat(
        self,
        prompt: PromptTemplate,
        model: str = "gpt-4-vision-preview",
        temperature: float = 1.0,
        top_p: float = 1.0,
        stream: bool = False,
        stop: Stop = None,
        max_tokens: int | None = None,
        presence_penalty: float = 0,
        frequency_penalty: float = 0,
        seed: int | None = None,
        detail: str = "auto",
        **kwargs: Any,
    ) -> Any:
        """Chat about images."""
        given = {name: value for name, value in locals().items() if name not in ("self", "prompt")}
        return _see(self.connection, prompt, given)


@tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
def llm_vision(
    connection: AzureOpenAIConnection | OpenAIConnection,
    prompt: PromptTemplate,
    deployment_name: str = "",
    model: str = "",
    temperature: float = 1.0,
    top_p: float = 1.0,
    stream: bool = False,
    stop: Stop = None,
    max_tokens: int | None = None,
    presence_penalty: float = 0,
    frequency_penalty: float = 0,
    seed: int | None = None,
    detail: str = "auto",
    **kwargs: Any,
) -> Any:
    """Chat about images, whichever of the two the connection is. Raises InvalidConnectionType."""
    if not isinstance(connection, AzureOpenAIConnection | OpenAIConnection):
        raise InvalidConnectionType(
            f"Not Support connection type '{type(connection).__name__}' for llm. "
            "Connection type should be in [AzureOpenAIConnection, OpenAIConnection]."
        )
    given = {name: value for name, value in locals().items() if name not in ("connection", "prompt")}
    return _see(connection, prompt, given)
