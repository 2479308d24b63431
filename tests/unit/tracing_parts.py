"""A pod that traces into memory, by the exporter that OpenTelemetry's SDK ships for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON

from flow_runtime.llm.call import ChatModel
from flow_runtime.tracing.otel import OTelTracing
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import Pod


class Memory:
    """Tracing, and what it has sent."""

    def __init__(self, content: bool = False) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=DEFAULT_ON, resource=Resource({}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.provider = provider
        self.tracing = OTelTracing(provider, content)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def attributes(self, name: str) -> Mapping[str, Any]:
        return self.span(name).attributes or {}

    @property
    def tree(self) -> list[str]:
        """Each span as the path of names from its root, sorted."""
        by_id = {span.context.span_id: span for span in self.spans if span.context}

        def path(span: ReadableSpan) -> str:
            above = by_id.get(span.parent.span_id) if span.parent else None
            return f"{path(above)} > {span.name}" if above else span.name

        return sorted(path(span) for span in self.spans)

    @property
    def said(self) -> str:
        """All that is sent, as one text to search in."""
        return "\n".join(span.to_json() for span in self.spans)


async def traced(
    folder: Path, dag: str, files: Mapping[str, str], llm: ChatModel | None = None, content: bool = False
) -> tuple[Pod, Memory]:
    memory = Memory(content)
    flow = write_flow(folder / "flow", dag, **files)
    return await Pod(folder, flow, llm, tracing=memory.tracing).start(), memory
