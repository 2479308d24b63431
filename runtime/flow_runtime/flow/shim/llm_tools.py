"""promptflow.tools' LLMs for user code and package nodes: the same names and arguments, over our client."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Any

from flow_runtime.flow.parameters import PARAMETERS, to_send
from flow_runtime.flow.shim import ambient, prompts
from flow_runtime.flow.shim.ambient import Ambient
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.exceptions import InvalidConnectionType, ToolValidationError, WrappedOpenAIError
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.call import Prompt
from flow_runtime.llm.connection_types import (
    AzureOpenAIConnection,
    Connection,
    OpenAIConnection,
    ServerlessConnection,
)
from flow_runtime.llm.errors import LLMError

CHAT = tuple(PARAMETERS["chat"])
COMPLETION = tuple(PARAMETERS["completion"])
OTHERS = ("stream", "detail")
MODELS = ("deployment_name", "model")


def ask(connection: Connection, api: str, prompt: str, arguments: dict[str, Any]) -> Any:
    """Render a prompt with the arguments that are no parameters, and ask by those that are."""
    known = COMPLETION if api == "completion" else CHAT
    values = {name: value for name, value in arguments.items() if name not in (*known, *OTHERS)}
    if api == "completion":
        rendered: Prompt = prompts.text(prompt, values)
    else:
        rendered = prompts.messages(prompt, values, arguments.get("detail") or "auto")
    given = {
        name: value.value if isinstance(value := arguments[name], Enum) else value
        for name in known
        if name not in MODELS and arguments.get(name) is not None
    }
    try:
        sent = to_send(api, given)
    except ValueError as error:
        raise ToolValidationError(str(error)) from error
    azure = isinstance(connection, AzureOpenAIConnection)
    model = arguments.get("deployment_name" if azure else "model") or ""
    sent["deployment_name" if azure else "model"] = model.value if isinstance(model, Enum) else model
    if str(arguments.get("stream", "")).lower() == "true":
        return ambient.iterate(lambda here: _stream(here, connection, sent, rendered))
    return ambient.wait(lambda here: _ask(here, connection, sent, rendered))


async def _ask(here: Ambient, connection: Connection, sent: dict[str, Any], prompt: Prompt) -> Any:
    try:
        with ambient.counted(here) as call:
            return await here.services.llm.chat(connection, sent, prompt, call, here.deadline)
    except LLMError as error:
        raise WrappedOpenAIError(str(error)) from error


async def _stream(
    here: Ambient, connection: Connection, sent: dict[str, Any], prompt: Prompt
) -> AsyncIterator[str]:
    try:
        with ambient.counted(here) as call:
            async for piece in here.services.llm.stream(connection, sent, prompt, call, here.deadline):
                yield piece
    except LLMError as error:
        raise WrappedOpenAIError(str(error)) from error


class OpenAI(ToolProvider):
    """An OpenAI connection's chat and completion."""

    def __init__(self, connection: OpenAIConnection) -> None:
        super().__init__()
        self.connection: Connection = connection

    @tool
    def completion(self, prompt: PromptTemplate, model: str = "", **kwargs: Any) -> Any:
        """Complete a prompt."""
        return ask(self.connection, "completion", prompt, {"model": model, **kwargs})

    @tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
    def chat(self, prompt: PromptTemplate, model: str = "", **kwargs: Any) -> Any:
        """Chat."""
        return ask(self.connection, "chat", prompt, {"model": model, **kwargs})


class AzureOpenAI(ToolProvider):
    """An Azure OpenAI connection's chat and completion."""

    def __init__(self, connection: AzureOpenAIConnection) -> None:
        super().__init__()
        self.connection: Connection = connection

    @tool
    def completion(self, prompt: PromptTemplate, deployment_name: str, **kwargs: Any) -> Any:
        """Complete a prompt."""
        return ask(self.connection, "completion", prompt, {"deployment_name": deployment_name, **kwargs})

    @tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
    def chat(self, prompt: PromptTemplate, deployment_name: str, **kwargs: Any) -> Any:
        """Chat."""
        return ask(self.connection, "chat", prompt, {"deployment_name": deployment_name, **kwargs})


@tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
def llm(
    connection: AzureOpenAIConnection | OpenAIConnection | ServerlessConnection,
    prompt: PromptTemplate,
    api: str = "chat",
    **kwargs: Any,
) -> Any:
    """Ask whichever LLM a connection names. Raises InvalidConnectionType."""
    if not isinstance(connection, AzureOpenAIConnection | OpenAIConnection | ServerlessConnection):
        raise InvalidConnectionType(
            f"Not Support connection type '{type(connection).__name__}' for llm. "
            "Connection type should be in [AzureOpenAIConnection, OpenAIConnection, ServerlessConnection]."
        )
    return ask(connection, api, prompt, kwargs)


@tool(streaming_option_parameter="stream")  # type: ignore[untyped-decorator]
def llm_vision(
    connection: AzureOpenAIConnection | OpenAIConnection, prompt: PromptTemplate, **kwargs: Any
) -> Any:
    """Ask an LLM that sees images."""
    return ask(connection, "chat", prompt, kwargs)
