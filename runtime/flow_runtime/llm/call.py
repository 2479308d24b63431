"""The seam between flows and LLMs: what a node asks for, and the account of one call."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flow_runtime.llm.connection import Connection

Message = dict[str, Any]
Prompt = str | list[Message]
"""A text asks the completions API, messages ask the chat API."""


@dataclass(slots=True)
class Call:
    """The account of one call of an LLM, written while it goes on, so that a failed call has one, too."""

    node: str
    model: str = ""
    ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: list[str] = field(default_factory=list)
    """One HTTP status for each try, or `error` where there was none."""


class ChatModel(Protocol):
    """An LLM. A connection is given by its name, or as itself; `deadline` is in the running loop's time."""

    async def ask(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> dict[str, Any]:
        """Give the API's whole answer, which has a choice in it. Raises LLMError."""

    async def chat(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> Any:
        """Give the answer's text (None where it has none); with tools or functions, the message.

        Raises LLMError.
        """

    def stream(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        prompt: Prompt,
        call: Call,
        deadline: float,
    ) -> AsyncIterator[str]:
        """Yield the pieces of the text as they come. Raises LLMError, before the first piece or between."""

    async def embed(
        self,
        connection: str | Connection,
        parameters: Mapping[str, Any],
        text: str,
        call: Call,
        deadline: float,
    ) -> list[float]:
        """Give the embedding of a text. Raises LLMError."""


_MESSAGE = dict.fromkeys(
    ("content", "role", "refusal", "annotations", "audio", "function_call", "tool_calls")
)
"""Fields that a message always has for code of a flow, as with the openai package; None where not sent."""


def said(answer: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Take out of an answer what a flow sees of it, as ChatModel.chat promises."""
    choice = answer["choices"][0]
    if "message" not in choice:
        return choice.get("text")
    message = choice["message"]
    return (
        _MESSAGE | message
        if parameters.get("tools") or parameters.get("functions")
        else message.get("content")
    )
