"""A loaded flow, and how it runs: whatever is ready runs at the same time, the first failure ends the run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from flow_runtime.flow.run import Run, Step
from flow_runtime.flow.steps import timed, watched
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.values import request_inputs

NODES_AT_ONCE = 16
"""promptflow's bound on the nodes of one run."""
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
        await self._run_nodes(run)
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

    def _pass_over(self, ready: list[Runner], waiting: list[Runner], run: Run) -> bool:
        """Pass over what need not run of what is ready. Says whether there was any."""
        passed = [node for node in ready if self.rules[node.name].bypasses(run)]
        for node in passed:
            waiting.remove(node)
            run.bypassed.add(node.name)
            run.values[node.name] = None
            run.steps.append(Step(node.name, 0.0, "bypassed"))
        return bool(passed)

    async def _run_nodes(self, run: Run) -> None:
        waiting = list(self.nodes)
        running: dict[asyncio.Task[None], None] = {}
        try:
            while waiting or running:
                ready = [node for node in waiting if self.needs[node.name] <= run.values.keys()]
                if self.rules and self._pass_over(ready, waiting, run):
                    continue
                if len(ready) == 1 and not running:
                    waiting.remove(ready[0])
                    await _step(ready[0], run)  # nothing to overlap with: no task is needed
                    continue
                for node in ready[: NODES_AT_ONCE - len(running)]:
                    waiting.remove(node)
                    running[asyncio.create_task(_step(node, run))] = None
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in running if task in done]:
                    del running[task]
                    task.result()
        finally:
            if running:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)


async def _step(node: Runner, run: Run) -> None:
    run.values[node.name] = await timed(run, node.name, node.run(run))
