"""The Python node: calls a tool, on the loop if it is async, else in a thread."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from dataclasses import dataclass
from types import AsyncGeneratorType
from typing import Any

from flow_runtime.flow.assignment import Assignment
from flow_runtime.flow.bound import Bound, Grant
from flow_runtime.flow.errors import LLMNodeError, NodeError, ToolExecutionError
from flow_runtime.flow.run import Run
from flow_runtime.flow.shim import ambient
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.errors import clean

_END = object()


@dataclass(frozen=True)
class PythonNode:
    """Calls a `@tool` function. A generator that it gives goes on as it is, as upstream."""

    name: str
    bound: Bound
    assignment: Assignment
    connections: Mapping[str, Grant]
    """Parameters that take a connection."""
    streams: bool = False

    async def run(self, run: Run) -> Any:
        """Call the function."""
        values = self.assignment.values(run)
        ambient.enter(run, self.name)
        try:
            for name, grant in self.connections.items():
                values[name] = grant.of(run.services.connection(grant.connection))
            if self.bound.is_async:
                return await self.bound.function(run.services.connection)(**values)
            if self.bound.plain is not None:
                return await run.services.threads.run(functools.partial(self.bound.plain, **values))
            return await run.services.threads.run(functools.partial(self._call, run, values))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything, and is reported
            failed, cause = self._failed(error, run)
            raise failed from cause

    async def chunks(self, run: Run, value: Any) -> AsyncIterator[Any]:
        """Yield what a generator of this node yields. Raises ToolExecutionError."""
        try:
            source = (
                value if isinstance(value, AsyncGeneratorType) else _in_threads(value, run.services.threads)
            )
            async with contextlib.aclosing(source):
                async for chunk in source:
                    yield chunk
        except (GeneratorExit, asyncio.CancelledError):
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything, and is reported
            failed, cause = self._failed(error, run)
            raise failed from cause

    def _call(self, run: Run, values: Mapping[str, Any]) -> Any:
        """Make the provider (which may take its time) and call its method, both in a thread."""
        return self.bound.function(run.services.connection)(**values)

    def _failed(self, error: BaseException, run: Run) -> tuple[NodeError, BaseException]:
        """Say what an exception is to the run, and its cause: an LLM that the code asked, or the code."""
        asked = ambient.llm_cause(error)
        if asked is not None:
            return LLMNodeError(self.name, f"node '{self.name}': {asked}"), asked
        text = str(error)
        for grant in (*self.connections.values(), *self.bound.connections.values()):
            for secret in grant.secrets(run.services.connection):
                text = text.replace(secret, "***")
        said = clean(f"{type(error).__name__}: {text}")
        return ToolExecutionError(self.name, f"node '{self.name}': its Python function raised {said}"), error


async def _in_threads(generator: Generator[Any, Any, Any], threads: Threads) -> AsyncGenerator[Any, None]:
    step = functools.partial(next, generator, _END)
    try:
        while (chunk := await threads.run(step)) is not _END:
            yield chunk
    finally:
        with contextlib.suppress(ValueError):  # it is being run: its thread ends it when it is done
            generator.close()
