"""A prompty as a flow of its own: inputs from its front matter, its answer as the outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.contracts.state import FlowShape
from flow_runtime.flow.bare import OUTPUT, Bare
from flow_runtime.flow.environment import Variables
from flow_runtime.flow.errors import FlowDefinitionError
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.model import FlowInput, FlowOutput, ValueType
from flow_runtime.flow.prompty.answer import wants_json
from flow_runtime.flow.prompty.connect import check_connection
from flow_runtime.flow.prompty.document import Document, read_document
from flow_runtime.flow.prompty.model import check_complete
from flow_runtime.flow.prompty.prompty import Prompty
from flow_runtime.flow.run import Run
from flow_runtime.flow.signature import is_kind, kind_of, kind_of_value
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
    document, findings = read_document(path), Findings()
    inputs: dict[str, FlowInput] = {}
    with findings.keep():
        check_complete(document.written, path.name)
    with findings.keep(at=("model", "configuration")):
        check_connection(document.configuration, connections, path.name)
    with findings.keep():
        inputs = _inputs(document)
    with findings.keep():
        prompty = Prompty.of(document)
    findings.settle()
    return PromptyFlow(prompty, inputs, _outputs(document))


def _inputs(document: Document) -> dict[str, FlowInput]:
    if not document.inputs:
        return {
            name: FlowInput(type=kind_of_value(value), default=value)
            for name, value in document.sample.items()
        }
    findings, inputs = Findings(), dict[str, FlowInput]()
    for name, field in document.inputs.items():
        with findings.keep(at=("inputs", name)):
            inputs[name] = _input(document.path.name, name, field)
    findings.settle()
    return inputs


def _input(file: str, name: str, field: Mapping[str, Any]) -> FlowInput:
    written, default = field.get("type"), field.get("default")
    if written is not None and not is_kind(written):
        raise FlowDefinitionError(
            f"{file}: inputs.{name}.type must be one of {', '.join(ValueType)}, not {written!r}",
            ("inputs", name, "type"),
            "ValueError",
        )
    kind = kind_of(written)
    try:
        if default is not None:
            convert(kind, default)
    except (ValueError, TypeError, OverflowError):
        raise FlowDefinitionError(
            f"{file}: inputs.{name}.default must be of type {kind}, not {default!r}",
            ("inputs", name, "default"),
        ) from None
    description = field.get("description")
    return FlowInput(
        type=kind,
        default=default,
        description=str(description) if description else None,
        is_chat_input=field.get("is_chat_input") is True,
    )


def _outputs(document: Document) -> dict[str, FlowOutput]:
    if not (wants_json(document) and document.outputs and document.first):
        return {OUTPUT: FlowOutput(type=ValueType.STRING if document.first else ValueType.OBJECT)}
    return {
        str(name): FlowOutput(type=kind_of(field.get("type") if isinstance(field, dict) else field))
        for name, field in document.outputs.items()
    }
