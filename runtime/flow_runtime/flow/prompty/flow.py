"""A prompty as a flow of its own: inputs from its front matter, its answer as the outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.contracts.state import FlowShape
from flow_runtime.flow.bare import OUTPUT, Bare
from flow_runtime.flow.environment import Variables
from flow_runtime.flow.errors import FlowDefinitionError, GetConnectionError
from flow_runtime.flow.model import FlowInput, FlowOutput, ValueType
from flow_runtime.flow.prompty.answer import wants_json
from flow_runtime.flow.prompty.document import Document, read_document
from flow_runtime.flow.prompty.prompty import Prompty
from flow_runtime.flow.run import Run
from flow_runtime.flow.signature import kind_of, kind_of_value
from flow_runtime.flow.steps import timed, watched
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.values import convert, request_inputs


@dataclass(frozen=True)
class PromptyFlow:
    """A prompty that is served."""

    prompty: Prompty
    inputs: Mapping[str, FlowInput]
    outputs: Mapping[str, FlowOutput]
    kind: ClassVar[str] = "prompty"
    hidden: ClassVar[frozenset[str]] = frozenset()
    variables: ClassVar[Variables] = Variables()
    nodes: ClassVar[tuple[Any, ...]] = ()

    @property
    def name(self) -> str:
        """The prompty's name."""
        return self.prompty.name

    @property
    def streams(self) -> frozenset[str]:
        """The output that may stream."""
        return frozenset({OUTPUT}) if self.prompty.wants_stream else frozenset()

    @property
    def shape(self) -> FlowShape:
        """What it takes and gives."""
        return FlowShape(
            kind=self.kind,
            inputs={name: field.type.value for name, field in self.inputs.items()},
            outputs={name: field.type.value for name, field in self.outputs.items()},
        )

    def take_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a request's inputs. Raises InputError."""
        return request_inputs(self.inputs, given)

    async def run(self, run: Run) -> dict[str, Any]:
        """Ask the LLM. Raises NodeError, InvalidImageInput."""
        arguments = (run.inputs, run.services, run.calls, run.deadline)
        if self.prompty.wants_stream and run.streaming:
            return Bare.of(Stream(watched(run, self.name, self.prompty.stream(*arguments))))
        found = await timed(run, self.name, self.prompty.ask(*arguments))
        return found if isinstance(found, dict) else Bare.of(found)


def load_prompty(path: Path, connections: Mapping[str, ConnectionType] | None) -> PromptyFlow:
    """Read, check and compile a prompty. Raises FlowLoadError."""
    document = read_document(path)
    configuration = document.configuration
    wanted = configuration.get("connection")
    if isinstance(wanted, str) and wanted and connections is not None and wanted not in connections:
        known = ", ".join(sorted(connections)) or "none"
        raise GetConnectionError(
            f"{path.name}: connection '{wanted}' is not among the deployment's connections ({known}): "
            "add it to spec.connections"
        )
    return PromptyFlow(Prompty.of(document), _inputs(document), _outputs(document))


def _inputs(document: Document) -> dict[str, FlowInput]:
    if not document.inputs:
        return {
            name: FlowInput(type=kind_of_value(value), default=value)
            for name, value in document.sample.items()
        }
    inputs = {}
    for name, field in document.inputs.items():
        kind, default = kind_of(field.get("type")), field.get("default")
        try:
            if default is not None:
                convert(kind, default)
        except (ValueError, TypeError, OverflowError):
            raise FlowDefinitionError(
                f"{document.path.name}: inputs.{name}.default must be of type {kind}, not {default!r}"
            ) from None
        description = field.get("description")
        inputs[name] = FlowInput(
            type=kind,
            default=default,
            description=str(description) if description else None,
            is_chat_input=field.get("is_chat_input") is True,
        )
    return inputs


def _outputs(document: Document) -> dict[str, FlowOutput]:
    if not (wants_json(document) and document.outputs and document.first):
        return {OUTPUT: FlowOutput(type=ValueType.STRING if document.first else ValueType.OBJECT)}
    return {
        str(name): FlowOutput(type=kind_of(field.get("type") if isinstance(field, dict) else field))
        for name, field in document.outputs.items()
    }
