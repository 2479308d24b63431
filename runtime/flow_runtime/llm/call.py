"""The seam between flows and LLMs: a question, who answers it, and the account of its call."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from flow_runtime.llm.connection import Connection

Message = dict[str, Any]
Prompt = str | list[Message]
"""A text asks the completions API, messages ask the chat API."""


class Operation(NamedTuple):
    """An operation of OpenAI's API: its path, and the field that holds what is said."""

    path: str
    field: str


CHAT = Operation("chat/completions", "messages")
COMPLETION = Operation("completions", "prompt")
EMBEDDING = Operation("embeddings", "input")


@dataclass(slots=True)
class Call:
    """The account of one call of an LLM, written while it goes on, so that a failed call has one, too."""

    node: str
    model: str = ""
    ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: list[str] = field(default_factory=list)
    """One HTTP status for each try; `error` where there was none, `canceled` where none was waited for."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to an LLM."""

    connection: str | Connection
    """By its name, or itself."""
    parameters: Mapping[str, Any]
    """What is sent besides the prompt; `model` or `deployment_name` say where to."""
    prompt: Prompt
    """What is said; for an embedding, the text."""
    call: Call
    """Where its account is written."""
    deadline: float
    """In the running loop's time."""

    @property
    def operation(self) -> Operation:
        """Which API completes such a prompt."""
        return COMPLETION if isinstance(self.prompt, str) else CHAT


class ChatModel(Protocol):
    """An LLM."""

    async def ask(self, question: Question) -> dict[str, Any]:
        """Give the API's whole answer, which has a choice in it. Raises LLMError."""

    def stream(self, question: Question) -> AsyncIterator[str]:
        """Yield the pieces of the text as they come. Raises LLMError, before the first piece or between."""

    async def embed(self, question: Question) -> list[float]:
        """Give the embedding of a text. Raises LLMError."""


_MESSAGE = dict.fromkeys(
    ("content", "role", "refusal", "annotations", "audio", "function_call", "tool_calls")
)
"""Fields that a message always has for code of a flow, as with the openai package; None where not sent."""


def said(answer: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Take out of an answer what a flow sees of it: its text (None where it has none).

    With tools or functions among the parameters, the message.
    """
    choice = answer["choices"][0]
    if "message" not in choice:
        return choice.get("text")
    message = choice["message"]
    return (
        _MESSAGE | message
        if parameters.get("tools") or parameters.get("functions")
        else message.get("content")
    )
