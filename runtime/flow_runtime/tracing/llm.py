"""Spans of calls of LLMs, by OpenTelemetry's semantic conventions for generative AI.

Their names are literals here: the conventions moved to a repository of their own, and what the
`opentelemetry-semantic-conventions` package still has of them is marked as deprecated for that.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind

from flow_runtime.llm.call import CHAT, COMPLETION, EMBEDDING, Call, ChatModel, Operation, Question
from flow_runtime.llm.connection import Connection
from flow_runtime.llm.connection_types import AzureOpenAIConnection, ServerlessConnection
from flow_runtime.llm.endpoint import OPENAI_URL
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.tracing import Lookup
from flow_runtime.tracing.span import Span
from flow_runtime.tracing.spans import Spans

OPERATIONS = {CHAT: "chat", COMPLETION: "text_completion", EMBEDDING: "embeddings"}
NUMBERS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
}


class TracedChat:
    """An LLM whose calls are spans, retries included."""

    def __init__(self, llm: ChatModel, lookup: Lookup, spans: Spans) -> None:
        self._llm = llm
        self._lookup = lookup
        self._spans = spans

    async def ask(self, question: Question) -> dict[str, Any]:
        """Give the API's whole answer. Raises LLMError."""
        span = self._begin(question, question.operation)
        with span.work():
            try:
                answer = await self._llm.ask(question)
            finally:
                span.set(_account(question.call))
            span.set(_said(span, answer))
            return answer

    async def embed(self, question: Question) -> list[float]:
        """Give the embedding of a text. Raises LLMError."""
        span = self._begin(question, EMBEDDING)
        with span.work():
            try:
                vector = await self._llm.embed(question)
            finally:
                account = _account(question.call)
                account.pop("gen_ai.usage.output_tokens", None)
                span.set(account)
            span.set({"gen_ai.embeddings.dimension.count": len(vector)})
            return vector

    async def stream(self, question: Question) -> AsyncIterator[str]:
        """Yield the pieces of the text as they come. Raises LLMError."""
        span = self._begin(question, question.operation)
        span.set({"gen_ai.request.stream": True})
        begun, said, failed = time.perf_counter(), _Pieces(), None
        try:
            source = cast("AsyncGenerator[str]", self._llm.stream(question))
            async with aclosing(source):
                async for piece in source:
                    if not said.begun:
                        said.begun = True
                        seconds = time.perf_counter() - begun
                        span.set({"gen_ai.response.time_to_first_chunk": round(seconds, 6)})
                    if span.content.shown:
                        said.pieces.append(piece)
                    yield piece
        except BaseException as error:
            failed = error
            raise
        finally:
            choice = {"message": {"role": "assistant", "content": "".join(said.pieces)}}
            span.set(_account(question.call))
            span.set({"gen_ai.output.messages": span.content.answered([choice])})
            span.end(failed)

    def _begin(self, question: Question, operation: Operation) -> Span:
        name = OPERATIONS[operation]
        found = self._connection(question)
        model = _model(found, question.parameters)
        attributes = {
            "gen_ai.operation.name": name,
            "gen_ai.provider.name": _provider(found),
            "gen_ai.request.model": model or None,
            "node_name": question.call.node,
            "framework": "promptflow",
            "span_type": "Embedding" if operation is EMBEDDING else "LLM",
            **_server(found),
            **_requested(question.parameters),
            "gen_ai.input.messages": self._spans.content.asked(question.prompt),
        }
        given = {key: value for key, value in attributes.items() if value is not None}
        title = f"{name} {model}".rstrip()
        return Span(self._spans.tracer, self._spans.content, title, given, SpanKind.CLIENT)

    def _connection(self, question: Question) -> Connection | None:
        if not isinstance(question.connection, str):
            return question.connection
        try:
            return self._lookup(question.connection)
        except ConnectionInvalid:
            return None  # the call says what is wrong with it


class _Pieces:
    """What a stream has said so far."""

    def __init__(self) -> None:
        self.begun = False
        self.pieces: list[str] = []


def _provider(connection: Connection | None) -> str:
    """Say whose API is spoken: servers like OpenAI's are `openai`, as the conventions have it."""
    if isinstance(connection, AzureOpenAIConnection):
        return "azure.ai.openai"
    return "azure.ai.inference" if isinstance(connection, ServerlessConnection) else "openai"


def _model(connection: Connection | None, parameters: Mapping[str, Any]) -> str:
    name = "deployment_name" if isinstance(connection, AzureOpenAIConnection) else "model"
    return str(parameters.get(name) or "")


def _server(connection: Connection | None) -> dict[str, Any]:
    """Say where the LLM is; a connection's URL is no secret, and its credentials are not in here."""
    if connection is None:
        return {}
    base = connection.configs.get("api_base") or connection.configs.get("base_url") or OPENAI_URL
    try:
        url = urlsplit(str(base))
        port = url.port or (80 if url.scheme == "http" else 443)
        return {"server.address": url.hostname, "server.port": port}
    except ValueError:
        return {}


def _requested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Take the parameters that the conventions know, as far as they have their types."""
    found: dict[str, Any] = {
        attribute: parameters[name]
        for name, attribute in NUMBERS.items()
        if type(parameters.get(name)) in (int, float)
    }
    if found.get("gen_ai.request.choice.count") == 1:
        del found["gen_ai.request.choice.count"]
    wanted = parameters.get("response_format")
    if isinstance(wanted, dict):
        found["gen_ai.output.type"] = "text" if wanted.get("type") == "text" else "json"
    return found


def _account(call: Call) -> dict[str, Any]:
    counted = bool(call.prompt_tokens or call.completion_tokens)
    return {
        "gen_ai.response.model": (call.model or None) if counted else None,
        "gen_ai.usage.input_tokens": call.prompt_tokens if counted else None,
        "gen_ai.usage.output_tokens": call.completion_tokens if counted else None,
    }


def _said(span: Span, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Take out of an answer what the conventions know; a server may send anything in these places."""
    choices = [choice for choice in answer["choices"] if isinstance(choice, dict)]
    reasons = [str(choice["finish_reason"]) for choice in choices if choice.get("finish_reason")]
    return {
        "gen_ai.response.id": answer["id"] if isinstance(answer.get("id"), str) else None,
        "gen_ai.response.model": answer["model"] if isinstance(answer.get("model"), str) else None,
        "gen_ai.response.finish_reasons": reasons or None,
        "gen_ai.output.messages": span.content.answered(choices),
    }
