"""A thin client of OpenAI's API: a question becomes a request; its answer or its stream is read.

The openai package does more and costs ten times the CPU per call; it has no place on the request path.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.llm.call import EMBEDDING, Call, Operation, Question
from flow_runtime.llm.connection import Connection, Connections, Endpoint
from flow_runtime.llm.errors import Unavailable
from flow_runtime.llm.health import Healths
from flow_runtime.llm.retry import trying
from flow_runtime.llm.wire import is_end, read_answer, read_embedding, read_event, request_body

if TYPE_CHECKING:
    from flow_runtime.llm.transport import Transport

LLMS = (ConnectionType.OPENAI, ConnectionType.AZURE_OPENAI, ConnectionType.SERVERLESS)
_T = TypeVar("_T")


class HTTPChat:
    """Asks over HTTP, by whichever connection a question names."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.healths = Healths(name for name, kind in connections.types.items() if kind in LLMS)

    @cached_property
    def _transport(self) -> "Transport":
        """The pool. It is imported late, with TLS and URLs, which would hold up a server's start."""
        from flow_runtime.llm.transport import Transport

        return Transport()

    def prepare(self) -> None:
        """Import what the first call needs, so that no request waits for it. Blocks; safe in any thread."""
        _ = self._transport

    async def close(self) -> None:
        """Close the pool of the running loop."""
        if "_transport" in vars(self):
            await self._transport.close()

    async def ask(self, question: Question) -> dict[str, Any]:
        """Give the whole answer, trying again while that can help and time allows it. Raises LLMError."""
        return await self._ask(question, question.operation, read_answer)

    async def embed(self, question: Question) -> list[float]:
        """Give the embedding of a text. Raises LLMError."""
        return await self._ask(question, EMBEDDING, read_embedding)

    async def stream(self, question: Question) -> AsyncIterator[str]:
        """Yield the pieces of the text; tries again only before the first one. Raises LLMError."""
        operation, call = question.operation, question.call
        health = self.healths.of(self._connection(question))

        async def attempt() -> AsyncGenerator[bytes, None]:
            endpoint = self._endpoint(question, operation)
            body = request_body(endpoint, question.parameters, operation.field, question.prompt, stream=True)
            return await self._transport.stream(endpoint, body, call)

        async with aclosing(await trying(attempt, question.deadline, health)) as lines:
            async for line in lines:
                piece = read_event(line, call)
                if piece is not None:
                    yield piece
                elif is_end(line):
                    return
        raise Unavailable("the LLM's stream ended before its end was said")

    async def _ask(self, question: Question, operation: Operation, read: Callable[[bytes, Call], _T]) -> _T:
        async def attempt() -> _T:
            endpoint = self._endpoint(question, operation)
            body = request_body(endpoint, question.parameters, operation.field, question.prompt)
            return read(await self._transport.post(endpoint, body, question.call), question.call)

        return await trying(attempt, question.deadline, self.healths.of(self._connection(question)))

    def _connection(self, question: Question) -> Connection:
        asked = question.connection
        return self._connections.get(asked) if isinstance(asked, str) else asked

    def _endpoint(self, question: Question, operation: Operation) -> Endpoint:
        """Look the connection up anew for each try: its key may have been changed meanwhile."""
        endpoint = self._connection(question).endpoint(question.parameters, operation.path)
        question.call.model = endpoint.model
        return endpoint
