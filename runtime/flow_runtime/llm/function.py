"""A Python function as the LLM, for tests and trials without a server. Whoever builds a runtime chooses."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from flow_runtime.llm.call import Call

Messages = list[dict[str, str]]


def echo(messages: Messages) -> str:
    """Answer with the last message."""
    return messages[-1]["content"]


class FunctionChat:
    """Answers a chat by a function of its messages, after `seconds`; counts words as tokens."""

    def __init__(self, answer: Callable[[Messages], str] = echo, seconds: float = 0.0) -> None:
        self._answer = answer
        self._seconds = seconds
        self.asked: list[Messages] = []

    async def chat(
        self,
        connection: str,
        parameters: Mapping[str, Any],
        messages: Messages,
        call: Call,
        deadline: float,
    ) -> str:
        """Answer a chat."""
        self.asked.append(messages)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        call.model = str(parameters.get("model") or parameters.get("deployment_name") or "function")
        answer = self._answer(messages)
        call.attempts.append("200")
        call.prompt_tokens = sum(len(message["content"].split()) for message in messages)
        call.completion_tokens = len(answer.split())
        return answer
