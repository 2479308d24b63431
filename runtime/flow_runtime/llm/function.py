"""A Python function as the LLM, for tests and trials without a server. Whoever builds a runtime chooses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from flow_runtime.llm.call import Message, Prompt, Question, said

Messages = list[Message]


def echo(messages: Messages) -> str:
    """Answer with the last message."""
    return str(messages[-1]["content"])


class FunctionChat:
    """Answers by a function of the messages, after `seconds`; counts words as tokens.

    The function gives a text or a whole message; a prompt for completion is one message of a user.
    """

    def __init__(self, answer: Callable[[Messages], Any] = echo, seconds: float = 0.0) -> None:
        self._answer = answer
        self._seconds = seconds
        self.asked: list[Prompt] = []
        self.parameters: list[Mapping[str, Any]] = []

    async def ask(self, question: Question) -> dict[str, Any]:
        """Give the whole answer."""
        prompt, parameters, call = question.prompt, question.parameters, question.call
        self.asked.append(prompt)
        self.parameters.append(parameters)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        call.model = str(parameters.get("model") or parameters.get("deployment_name") or "function")
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        answer = self._answer(messages)
        message = answer if isinstance(answer, dict) else {"role": "assistant", "content": answer}
        call.attempts.append("200")
        call.prompt_tokens = sum(_words(message) for message in messages)
        call.completion_tokens = _words(message)
        choice = {"text": message["content"]} if isinstance(prompt, str) else {"message": message}
        return {"model": call.model, "choices": [{"index": 0, "finish_reason": "stop", **choice}]}

    async def stream(self, question: Question) -> AsyncIterator[str]:
        """Yield the text word by word, with an empty piece at both ends, as OpenAI does."""
        text = said(await self.ask(question), {}) or ""
        yield ""
        for number, word in enumerate(text.split(" ")):
            yield f" {word}" if number else word
        yield ""

    async def embed(self, question: Question) -> list[float]:
        """Give the lengths of the words."""
        self.asked.append(question.prompt)
        self.parameters.append(question.parameters)
        question.call.attempts.append("200")
        return [float(len(word)) for word in str(question.prompt).split()]


def _words(message: Message) -> int:
    return len(str(message.get("content") or "").split())
