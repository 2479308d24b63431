"""What the three kinds of nodes do in a run. A failure is a NodeError that names the node."""

import functools
import time
import types
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flow_runtime.flow.assignment import Assignment
from flow_runtime.flow.errors import LLMNodeError, PromptError, ToolExecutionError
from flow_runtime.flow.model import ValueType
from flow_runtime.flow.roles import Guarded, parse_chat, unguard
from flow_runtime.flow.run import Run
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.template import Render
from flow_runtime.flow.tool import PythonTool
from flow_runtime.flow.values import convert
from flow_runtime.llm.call import Call
from flow_runtime.llm.errors import LLMError, clean

PARAMETERS: Mapping[str, ValueType] = {
    "model": ValueType.STRING,
    "deployment_name": ValueType.STRING,
    "temperature": ValueType.DOUBLE,
    "top_p": ValueType.DOUBLE,
    "stop": ValueType.LIST,
    "max_tokens": ValueType.INT,
    "presence_penalty": ValueType.DOUBLE,
    "frequency_penalty": ValueType.DOUBLE,
    "logit_bias": ValueType.OBJECT,
    "user": ValueType.STRING,
    "response_format": ValueType.OBJECT,
    "seed": ValueType.INT,
}
"""Inputs of an llm node that are the model's and not the prompt's."""


class Runner(Protocol):
    """A node that is ready to run."""

    @property
    def name(self) -> str:
        """The node's name."""

    async def run(self, run: Run) -> Any:
        """Compute the node's output. Raises NodeError."""


@dataclass(frozen=True)
class PromptNode:
    """Renders a template; its text goes on guarded into the prompts of later nodes."""

    name: str
    render: Render
    assignment: Assignment

    async def run(self, run: Run) -> Guarded:
        """Render."""
        return Guarded(rendered(self.name, self.render, self.assignment.guarded(run)))


@dataclass(frozen=True)
class LLMNode:
    """Renders a template, parts it into chat messages and asks an LLM."""

    name: str
    render: Render
    assignment: Assignment
    connection: str
    parameters: Mapping[str, Any]
    """Literal ones, in their types."""
    late: Assignment
    """Parameters that come from inputs and nodes."""
    streams: bool = False
    """Whether nothing but flow outputs wants the answer, so that it may stream."""

    async def run(self, run: Run) -> Any:
        """Ask the LLM."""
        text = rendered(self.name, self.render, self.assignment.guarded(run))
        try:
            messages = parse_chat(text)
        except ValueError as error:
            raise PromptError(self.name, f"node '{self.name}': {error}") from error
        call = Call(self.name)
        run.calls.append(call)
        if self.streams and run.streaming:
            return Stream(self._pieces(run, messages, call))
        begun = time.perf_counter()
        try:
            return await run.services.llm.chat(
                self.connection, self._parameters(run), messages, call, run.deadline
            )
        except LLMError as error:
            raise LLMNodeError(self.name, f"node '{self.name}': {error}") from error
        finally:
            call.ms = (time.perf_counter() - begun) * 1000

    async def _pieces(self, run: Run, messages: list[dict[str, str]], call: Call) -> AsyncIterator[str]:
        llm, parameters = run.services.llm, self._parameters(run)
        begun = time.perf_counter()
        try:
            async for piece in llm.stream(self.connection, parameters, messages, call, run.deadline):
                yield piece
        except LLMError as error:
            raise LLMNodeError(self.name, f"node '{self.name}': {error}") from error
        finally:
            call.ms = (time.perf_counter() - begun) * 1000

    def _parameters(self, run: Run) -> Mapping[str, Any]:
        if not (self.late.inputs or self.late.nodes):
            return self.parameters
        parameters = dict(self.parameters)
        for name, value in self.late.values(run).items():
            try:
                parameters[name] = convert(PARAMETERS[name], value)
            except (ValueError, TypeError, OverflowError):
                wanted = PARAMETERS[name]
                raise PromptError(
                    self.name,
                    f"node '{self.name}': '{name}' must be of type {wanted}, not {type(value).__name__}",
                ) from None
        return parameters


@dataclass(frozen=True)
class PythonNode:
    """Calls a `@tool` function: on the loop if it is async, else in a thread."""

    name: str
    tool: PythonTool
    assignment: Assignment
    connections: Mapping[str, str]
    """Parameters to names of connections."""

    async def run(self, run: Run) -> Any:
        """Call the function."""
        values = self.assignment.values(run)
        secrets = []
        for name, connection in self.connections.items():
            values[name] = run.services.connection(connection)
            secrets.append(values[name].api_key)
        try:
            if self.tool.is_async:
                value = await self.tool.function(**values)
            else:
                value = await run.services.threads.run(functools.partial(self.tool.function, **values))
        except (Exception, SystemExit) as error:
            text = str(error)
            for secret in secrets:
                text = text.replace(secret, "***")
            said = clean(f"{type(error).__name__}: {text}")
            raise ToolExecutionError(
                self.name, f"node '{self.name}': its Python function raised {said}"
            ) from error
        if isinstance(value, types.GeneratorType | types.AsyncGeneratorType):
            raise ToolExecutionError(
                self.name, f"node '{self.name}': returned a generator, which is not supported yet"
            )
        return value


def rendered(node: str, render: Render, values: Mapping[str, Any]) -> str:
    """Render a prompt. Raises PromptError; the sandbox's refusals and an author's mistakes alike."""
    try:
        return render(values)
    except Exception as error:  # templates call methods of any value
        said = clean(unguard(f"{type(error).__name__}: {error}"))
        raise PromptError(node, f"node '{node}': its prompt cannot be rendered: {said}") from error
