"""The seam between flows and LLMs: what a node asks for, and the account of one call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


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
    """An LLM that answers chats."""

    async def chat(
        self,
        connection: str,
        parameters: Mapping[str, Any],
        messages: list[dict[str, str]],
        call: Call,
        deadline: float,
    ) -> str:
        """Answer a chat. `deadline` is in the running loop's time. Raises LLMError."""
