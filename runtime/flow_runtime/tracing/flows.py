"""Spans of a flow's runs and of its nodes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

from flow_runtime.flow.errors import NodeError
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.nodes import Runner
from flow_runtime.flow.run import Run
from flow_runtime.flow.stream import Stream
from flow_runtime.tracing.span import Span
from flow_runtime.tracing.spans import Spans, lasting, tokens


def traced_flow(flow: Loaded, spans: Spans) -> Loaded:
    """Trace the runs of a flow, and those of its nodes where it has some."""
    if isinstance(flow, Flow):
        flow = replace(flow, nodes=tuple(TracedNode(node, spans) for node in flow.nodes))
    return cast("Loaded", TracedFlow(flow, spans))


class TracedFlow:
    """A flow whose runs are spans; in all else it is the flow."""

    def __init__(self, flow: Loaded, spans: Spans) -> None:
        self._flow = flow
        self._spans = spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._flow, name)

    async def run(self, run: Run) -> dict[str, Any]:
        """Run it; where the run streams, the span lasts as long as its streams."""
        attributes = {
            "execution_target": self._flow.kind,
            "request_id": run.request_id or None,
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": self._flow.name,
            "inputs": self._spans.content.json(run.inputs),
        }
        span = self._spans.begin(self._flow.name, "Flow", attributes)
        try:
            with span.current():
                outputs = await self._flow.run(run)
        except BaseException as error:
            span.set(tokens(run.calls))
            span.fail_request(error)
            span.end(error)
            raise
        self._let_last(span, run, outputs)
        return outputs

    def _let_last(self, span: Span, run: Run, outputs: dict[str, Any]) -> None:
        """End the span when the last of the streams among the outputs has been read: at once, without any."""
        open_streams = {id(value): value for value in outputs.values() if isinstance(value, Stream)}
        count = len(open_streams)

        def ended(error: BaseException | None) -> None:
            nonlocal count
            count -= 1
            if count <= 0 or error is not None:
                span.set({"output": span.content.json(_shown(outputs)), **tokens(run.calls)})
                if error is not None:
                    span.fail_request(error)
                span.end(error)

        if not open_streams:
            ended(None)
        lasting_ones = {key: lasting(span, value, ended) for key, value in open_streams.items()}
        for name, value in outputs.items():
            outputs[name] = lasting_ones.get(id(value), value)


class TracedNode:
    """A node whose runs are spans."""

    def __init__(self, node: Runner, spans: Spans) -> None:
        self._node = node
        self._spans = spans
        self.name = node.name
        self.assignment = node.assignment
        self.streams = node.streams

    async def run(self, run: Run) -> Any:
        """Run it; the span of a node that gives a stream lasts as long as that is read."""
        attributes = {
            "node_name": self.name,
            "request_id": run.request_id or None,
            "inputs": self._inputs(run),
        }
        span = self._spans.begin(self.name, "Function", attributes)

        def ended(error: BaseException | None) -> None:
            span.set(tokens(call for call in run.calls if call.node == self.name))
            span.end(error)

        try:
            with span.current():
                value = await self._node.run(run)
        except BaseException as error:
            ended(error)
            raise
        span.set({"output": span.content.json(value)})
        return lasting(span, value, ended)

    def chunks(self, run: Run, value: Any) -> AsyncIterator[Any]:
        """Give what the node gives piece by piece."""
        return self._node.chunks(run, value)

    def _inputs(self, run: Run) -> str | None:
        content = self._spans.content
        try:
            return content.json(self.assignment.values(run)) if content.shown else None
        except NodeError:
            return None  # the node says what is wrong with them


def _shown(outputs: dict[str, Any]) -> dict[str, Any]:
    return {name: value.joined if isinstance(value, Stream) else value for name, value in outputs.items()}
