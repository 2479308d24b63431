"""promptflow.tools' LLMs for user code and package nodes: the same names and arguments, over our client."""

from collections.abc import AsyncIterator, Mapping
from enum import Enum
from typing import Any

from flow_runtime.flow.parameters import PARAMETERS, parameters_of, to_send
from flow_runtime.flow.shim import ambient, prompts
from flow_runtime.flow.shim.ambient import Ambient
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.exceptions import InvalidConnectionType, ToolValidationError, WrappedOpenAIError
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.call import Prompt, Question, said
from flow_runtime.llm.connection_types import (
    AzureOpenAIConnection,
    Connection,
    OpenAIConnection,
    ServerlessConnection,
)
from flow_runtime.llm.errors import LLMError

ALL = PARAMETERS["chat"].keys() | PARAMETERS["completion"].keys() | {"stream", "detail"}
"""Arguments that are no values of a prompt."""


def ask(connection: Connection, api: str, prompt: str, arguments: Mapping[str, Any], **fixed: Any) -> Any:
    """Render a prompt with the arguments that are no parameters, and ask by those that are and by `fixed`."""
    known = parameters_of(api, isinstance(connection, AzureOpenAIConnection))
    values = {name: value for name, value in arguments.items() if name not in ALL}
    if api == "completion":
        rendered: Prompt = prompts.text(prompt, values)
    else:
        lines = "detail" in arguments or isinstance(connection, AzureOpenAIConnection)
        rendered = prompts.messages(prompt, values, arguments.get("detail") or "auto", lines)
    other = "model" if isinstance(connection, AzureOpenAIConnection) else "deployment_name"
    given = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in arguments.items()
        if name in known and name != other and value is not None
    }
    try:
        sent = to_send(api, given) | fixed
    except ValueError as error:
        raise ToolValidationError(str(error)) from error
    if str(arguments.get("stream", "")).lower() == "true":
        return ambient.iterate(lambda here: _stream(here, connection, sent, rendered))
    return ambient.wait(lambda here: _ask(here, connection, sent, rendered))


async def _ask(here: Ambient, connection: Connection, sent: dict[str, Any], prompt: Prompt) -> Any:
    try:
        with ambient.counted(here) as call:
            question = Question(connection, sent, prompt, call, here.deadline)
            return said(await here.services.llm.ask(question), sent)
    except LLMError as error:
        raise WrappedOpenAIError(str(error)) from error


async def _stream(
    here: Ambient, connection: Connection, sent: dict[str, Any], prompt: Prompt
) -> AsyncIterator[str]:
    try:
        with ambient.counted(here) as call:
            question = Question(connection, sent, prompt, call, here.deadline)
            async for piece in here.services.llm.stream(question):
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
    deployment_name: str = "",
    model: str = "",
    temperature: float = 1.0,
    top_p: float = 1.0,
    stream: bool = False,
    stop: list[Any] | None = None,
    max_tokens: int | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    logit_bias: dict[str, Any] | None = None,
    tool_choice: object = None,
    tools: list[Any] | None = None,
    response_format: object = None,
    seed: int | None = None,
    suffix: str | None = None,
    logprobs: int | None = None,
    echo: bool = False,
    best_of: int = 1,
    **kwargs: Any,
) -> Any:
    """Ask whichever LLM a connection names. Raises InvalidConnectionType."""
    if not isinstance(connection, AzureOpenAIConnection | OpenAIConnection | ServerlessConnection):
        raise InvalidConnectionType(
            f"Not Support connection type '{type(connection).__name__}' for llm. "
            "Connection type should be in [AzureOpenAIConnection, OpenAIConnection, ServerlessConnection]."
        )
    given = {name: value for name, value in locals().items() if name not in ("connection", "prompt", "api")}
    return ask(connection, api, prompt, {**given.pop("kwargs"), **given})
