"""An OTLP/HTTP receiver in the test: decodes what comes by OpenTelemetry's own protocol buffers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver:
    """What was received; `status` is what it answers with."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.requests: list[bytes] = []
        self.resource: dict[str, Any] = {}
        self.spans: list[Span] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(body)
        if self.status == 200:
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resource = attributes(group.resource.attributes)
                self.spans += [span for scope in group.scope_spans for span in scope.spans]
        return web.Response(status=self.status)

    def span(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    @property
    def tree(self) -> list[str]:
        by_id = {span.span_id: span for span in self.spans}

        def path(span: Span) -> str:
            above = by_id.get(span.parent_span_id)
            return f"{path(above)} > {span.name}" if above else span.name

        return sorted(path(span) for span in self.spans)

    async def until(self, spans: int) -> None:
        for _ in range(200):
            if len(self.spans) >= spans:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.tree)


@asynccontextmanager
async def otlp_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def attributes(given: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in given if isinstance(pair, KeyValue)}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
