"""A loaded flow, and how it runs: whatever is ready runs at the same time, the first failure ends the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from flow_runtime.contracts.state import FlowShape
from flow_runtime.flow.activate import Rule
from flow_runtime.flow.assignment import take
from flow_runtime.flow.environment import Variables
from flow_runtime.flow.image import Image
from flow_runtime.flow.images import Images, shown
from flow_runtime.flow.model import FlowInput, FlowOutput
from flow_runtime.flow.nodes import Runner
from flow_runtime.flow.references import InputReference, NodeReference
from flow_runtime.flow.run import Run
from flow_runtime.flow.steps import watched
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.values import request_inputs
from flow_runtime.flow.walk import Plan, Walk

IMAGE_HOLDERS = (Image, list, dict)
LAZY = (Stream, GeneratorType, AsyncGeneratorType)
"""Values that are produced only while they are read."""


@dataclass(frozen=True)
class Flow:
    """A flow that was checked and compiled; safe to run many times at once."""

    name: str
    inputs: Mapping[str, FlowInput]
    outputs: Mapping[str, FlowOutput]
    sources: Mapping[str, InputReference | NodeReference | None]
    """Where each output comes from; None: its reference is a literal."""
    nodes: tuple[Runner, ...]
    """In an order in which each node comes after those it needs."""
    needs: Mapping[str, frozenset[str]]
    """Node to the nodes whose outputs it takes."""
    streams: frozenset[str] = frozenset()
    """Names of the outputs that can stream."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """When each node is passed over; empty where none ever is."""
    images: Images | None = None
    """Which inputs may hold images; None where none can."""
    message_format: str = "basic"
    variables: Variables = field(default_factory=Variables)
    kind: str = "dag"

    @cached_property
    def _plan(self) -> Plan:
        return Plan.of(self.nodes, self.needs, self.rules)

    @property
    def shape(self) -> FlowShape:
        """What it takes and gives."""
        return FlowShape(
            kind=self.kind,
            inputs={name: field.type.value for name, field in self.inputs.items()},
            outputs={name: field.type.value for name, field in self.outputs.items()},
        )

    @property
    def hidden(self) -> frozenset[str]:
        """Outputs that are recorded and not answered."""
        return frozenset(name for name, field in self.outputs.items() if field.evaluation_only)

    def take_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a request's inputs. Raises InputError."""
        return request_inputs(self.inputs, given)

    async def run(self, run: Run) -> dict[str, Any]:
        """Run all nodes and return the outputs: where the run streams, some of them as a Stream.

        Raises NodeError; the run keeps what was reached.
        """
        if self.images is not None:
            run.inputs = await self.images.load(run)
        await Walk(self._plan, run).walk()
        outputs = {name: self._output(run, name) for name in self.outputs}
        for value in outputs.values():
            if isinstance(value, LAZY):
                await self._settle(run, outputs)
                break
        for name, value in outputs.items():
            if isinstance(value, IMAGE_HOLDERS):
                outputs[name] = shown(value, self.message_format)
        return outputs

    async def _settle(self, run: Run, outputs: dict[str, Any]) -> None:
        """Make a Stream of what may stream, and a text of all else that is yet to be read."""
        settled: dict[int, Any] = {}
        runners = {runner.name: runner for runner in self.nodes}
        for name, value in outputs.items():
            source = self.sources[name]
            if not (isinstance(value, LAZY) and isinstance(source, NodeReference)):
                continue
            if id(value) not in settled:
                stream = Stream(watched(run, source.node, runners[source.node].chunks(run, value)))
                if run.streaming and name in self.streams:
                    settled[id(value)] = stream
                else:
                    settled[id(value)] = run.values[source.node] = await stream.join()
            outputs[name] = settled[id(value)]

    def _output(self, run: Run, name: str) -> Any:
        match self.sources[name]:
            case InputReference(source):
                return run.inputs[source]
            case NodeReference(node) as reference:
                return None if node in run.bypassed else take(run, reference, node, name, "output")
            case _:
                return self.outputs[name].reference
