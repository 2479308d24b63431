"""A prompty that is ready to be asked: renders its prompt, finds its connection, asks the LLM.

Knows neither requests nor threads: `flow` serves it, and the shim gives it to user code.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from flow_runtime.flow.errors import ChatAPIInvalidFunctions, ChatAPIInvalidTools, LLMNodeError, PromptError
from flow_runtime.flow.image import images_in
from flow_runtime.flow.messages import parse_chat
from flow_runtime.flow.nodes import rendered
from flow_runtime.flow.prompty import answer
from flow_runtime.flow.prompty.connect import connect, model_of, route
from flow_runtime.flow.prompty.document import Document
from flow_runtime.flow.prompty.model import COMPLETION
from flow_runtime.flow.prompty.pictures import with_images
from flow_runtime.flow.roles import guard, unguard
from flow_runtime.flow.run import Services
from flow_runtime.flow.template import Render, compile_template
from flow_runtime.llm.call import Call, Prompt, Question
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import LLMError


@dataclass(frozen=True)
class Prompty:
    """A document and its compiled template; safe to ask many times at once."""

    document: Document
    render: Render
    parameters: Mapping[str, Any]
    """What is sent besides model and prompt."""

    @classmethod
    def of(cls, document: Document) -> "Prompty":
        """Compile. Raises FlowLoadError."""
        render, _ = compile_template(document.template, document.name, document.path.name)
        return cls(document, render, _sent(document))

    @property
    def name(self) -> str:
        """What it is called in records and errors."""
        return self.document.name

    @property
    def wants_stream(self) -> bool:
        """Whether its parameters ask for the text piece by piece."""
        return bool(self.document.parameters.get("stream")) and not answer.wants_json(self.document)

    def prompt(self, values: Mapping[str, Any]) -> Prompt:
        """Render for these inputs, whose texts start no messages. Raises PromptError."""
        if self.document.api == COMPLETION:
            return unguard(rendered(self.name, self.render, values))
        text = rendered(self.name, self.render, {name: guard(value) for name, value in values.items()})
        try:
            return parse_chat(text, images_in(values.values()))
        except ValueError as error:
            raise PromptError(self.name, f"prompty '{self.name}': {error}") from error

    async def ask(
        self,
        values: Mapping[str, Any],
        services: Services,
        calls: list[Call],
        deadline: float,
        trusted: bool = False,
    ) -> Any:
        """Ask the LLM and give what the prompty promises of its answer. Raises NodeError, InvalidImageInput.

        `trusted`: the values are a program's and may name images in the prompty's folder.
        """
        values = await with_images(self.document, values, services.images, deadline, trusted)
        prompt, call = self.prompt(values), Call(self.name)
        calls.append(call)
        begun = time.perf_counter()
        try:
            connection, parameters = self._target(services)
            said = await services.llm.ask(Question(connection, parameters, prompt, call, deadline))
            return answer.result(self.document, said)
        except LLMError as error:
            raise self._failed(error) from error
        except ValueError as error:
            raise PromptError(self.name, f"prompty '{self.name}': {error}") from error
        finally:
            call.ms = (time.perf_counter() - begun) * 1000

    async def stream(
        self,
        values: Mapping[str, Any],
        services: Services,
        calls: list[Call],
        deadline: float,
        trusted: bool = False,
    ) -> AsyncIterator[Any]:
        """Ask the LLM and yield the pieces of the text (with `response: all`, in the API's form)."""
        values = await with_images(self.document, values, services.images, deadline, trusted)
        prompt, call = self.prompt(values), Call(self.name)
        calls.append(call)
        begun = time.perf_counter()
        try:
            connection, parameters = self._target(services)
            question = Question(connection, parameters, prompt, call, deadline)
            async for piece in services.llm.stream(question):
                if piece:  # the API's first and last piece are empty, and promptflow leaves them out
                    yield piece if self.document.first else answer.chunk(piece)
        except LLMError as error:
            raise self._failed(error) from error
        finally:
            call.ms = (time.perf_counter() - begun) * 1000

    def _target(self, services: Services) -> tuple[Connection, dict[str, Any]]:
        connection = connect(self.document.configuration, services.connection)
        return connection, {**self.parameters, **route(connection, model_of(self.document.configuration))}

    def _failed(self, error: LLMError) -> LLMNodeError:
        return LLMNodeError(self.name, f"prompty '{self.name}': {error}")


def _sent(document: Document) -> dict[str, Any]:
    """Say what is sent of the parameters; tools win over functions. Raises FlowLoadError."""
    file = document.path.name
    sent = {
        name: value for name, value in document.parameters.items() if name not in ("stream", "stream_options")
    }
    if "tools" in sent:
        tools = sent["tools"]
        fits = isinstance(tools, list) and all(
            isinstance(tool, dict) and isinstance(tool.get("function"), dict) and tool["function"].get("name")
            for tool in tools
        )
        if not tools or not fits:
            raise ChatAPIInvalidTools(
                f"{file}: model.parameters.tools must be a list of objects with type and function",
                ("model", "parameters", "tools"),
            )
        sent["tool_choice"] = sent.get("tool_choice") or "auto"
    elif "functions" in sent:
        functions = sent["functions"]
        if not functions or not isinstance(functions, list):
            raise ChatAPIInvalidFunctions(
                f"{file}: model.parameters.functions must be a list of functions",
                ("model", "parameters", "functions"),
            )
        sent["function_call"] = sent.get("function_call") or "auto"
    return sent
