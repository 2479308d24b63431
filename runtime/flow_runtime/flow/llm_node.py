"""The llm node: a rendered prompt, as messages or as it is, and what an LLM answers."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from flow_runtime.flow.assignment import Assignment
from flow_runtime.flow.errors import LLMNodeError, PromptError
from flow_runtime.flow.image import images_in, in_lines
from flow_runtime.flow.messages import parse_chat
from flow_runtime.flow.model import ValueType
from flow_runtime.flow.nodes import rendered
from flow_runtime.flow.parameters import COMPLETION, to_send
from flow_runtime.flow.roles import unguard
from flow_runtime.flow.run import Run
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.template import Render
from flow_runtime.flow.values import convert
from flow_runtime.llm.call import Call, Prompt, Question, said
from flow_runtime.llm.errors import LLMError


@dataclass(frozen=True)
class LLMNode:
    """Renders a template, parts it into chat messages (not for completion) and asks an LLM."""

    name: str
    render: Render
    assignment: Assignment
    connection: str
    api: str
    kinds: Mapping[str, ValueType]
    """The types of the inputs that are the model's."""
    parameters: Mapping[str, Any]
    """What is sent: the literal ones, in their types; before `to_send` where some come late."""
    late: Assignment
    """Parameters that come from inputs and nodes."""
    render_images: Render | None = None
    """How to render where there are images among the values; None for a prompt that takes none."""
    lines: bool = False
    """Whether the prompt shows lists line by line, as upstream's tool for Azure does, and no other."""
    streams: bool = False
    """Whether nothing but flow outputs wants the answer, so that it may stream."""

    async def run(self, run: Run) -> Any:
        """Ask the LLM: the text, the message where it has tools, a Stream where the run streams."""
        prompt = self._prompt(run)
        parameters = self._parameters(run)
        call = Call(self.name)
        run.calls.append(call)
        question = Question(self.connection, parameters, prompt, call, run.deadline)
        if self.streams and run.streaming:
            return Stream(self._pieces(run, question))
        begun = time.perf_counter()
        try:
            return said(await run.services.llm.ask(question), parameters)
        except LLMError as error:
            raise LLMNodeError(self.name, f"node '{self.name}': {error}") from error
        finally:
            call.ms = (time.perf_counter() - begun) * 1000

    def chunks(self, run: Run, value: Any) -> AsyncIterator[Any]:
        """Give it as it is: the Stream of the answer."""
        chunks: AsyncIterator[Any] = value
        return chunks

    async def _pieces(self, run: Run, question: Question) -> AsyncIterator[str]:
        begun = time.perf_counter()
        try:
            async for piece in run.services.llm.stream(question):
                yield piece
        except LLMError as error:
            raise LLMNodeError(self.name, f"node '{self.name}': {error}") from error
        finally:
            question.call.ms = (time.perf_counter() - begun) * 1000

    def _prompt(self, run: Run) -> Prompt:
        values = self.assignment.guarded(run)
        render, images = self.render, None
        if self.render_images is not None and (images := images_in(values.values())):
            render = self.render_images
        if self.lines or images:
            values = {name: in_lines(value) for name, value in values.items()}
        text = rendered(self.name, render, values)
        if self.api == COMPLETION:
            return unguard(text)
        try:
            return parse_chat(text, images)
        except ValueError as error:
            raise PromptError(self.name, f"node '{self.name}': {error}") from error

    def _parameters(self, run: Run) -> Mapping[str, Any]:
        if not (self.late.inputs or self.late.nodes):
            return self.parameters
        parameters = dict(self.parameters)
        for name, value in self.late.values(run).items():
            kind = self.kinds[name]
            try:
                parameters[name] = convert(kind, value)
            except (ValueError, TypeError, OverflowError):
                raise PromptError(
                    self.name,
                    f"node '{self.name}': '{name}' must be of type {kind}, not {type(value).__name__}",
                ) from None
        try:
            return to_send(self.api, parameters)
        except ValueError as error:
            raise PromptError(self.name, f"node '{self.name}': {error}") from None
