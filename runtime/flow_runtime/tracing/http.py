"""Spans of requests: POST /score as a server's span, POST /feedback as promptflow's span of that name.

The request goes on with a traceparent that names the span, so that records and logs hold its trace id.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import orjson
from opentelemetry import baggage, propagate, trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from flow_runtime.tracing import Application
from flow_runtime.tracing.span import Span, request_spans
from flow_runtime.tracing.spans import Spans

SCORE, FEEDBACK = "/score", "/feedback"
FEEDBACK_SPAN = "promptflow-feedback"
TRACEPARENT = b"traceparent"
Message = MutableMapping[str, Any]


class TracedApplication:
    """An ASGI application whose requests are spans."""

    def __init__(self, application: Application, spans: Spans) -> None:
        self._application = application
        self._spans = spans

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        traced = scope["type"] == "http" and scope["method"] == "POST"
        if traced and scope["path"] == SCORE:
            await self._score(scope, receive, send)
        elif traced and scope["path"] == FEEDBACK:
            await self._feedback(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _score(self, scope: Any, receive: Any, send: Any) -> None:
        span = self._begin(scope, f"POST {SCORE}", SpanKind.SERVER, _http(scope))
        failed = False

        async def sending(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                span.set(_answered(message))
                if failed := message["status"] >= 500:
                    span.fail(str(message["status"]))
            await send(message)

        with span.work(), request_spans() as request:
            await self._application(_below(span, scope), receive, sending)
            if request.failure and not failed:
                span.fail(request.failure)

    async def _feedback(self, scope: Any, receive: Any, send: Any) -> None:
        parts: list[bytes] = []

        async def receiving() -> Message:
            message: Message = await receive()
            parts.append(message.get("body", b""))
            return message

        span = self._begin(scope, FEEDBACK_SPAN, SpanKind.INTERNAL, {"span_type": "Feedback"})
        with span.work():
            shown = span.content.shown
            await self._application(_below(span, scope), receiving if shown else receive, send)
            if shown:
                span.set(_said(span, b"".join(parts), _flat(scope)))

    def _begin(self, scope: Any, name: str, kind: SpanKind, attributes: Mapping[str, Any]) -> Span:
        """Begin a span below the caller's; of a feedback the baggage is kept, as promptflow does."""
        carrier = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        parent = propagate.extract(carrier)
        given = {"framework": "promptflow", **attributes}
        if name == FEEDBACK_SPAN:
            given = {**{key: str(value) for key, value in baggage.get_all(parent).items()}, **given}
        return Span(self._spans.tracer, self._spans.content, name, given, kind, parent)


def _http(scope: Any) -> dict[str, Any]:
    server = scope.get("server") or ("", None)
    attributes = {
        "http.request.method": "POST",
        "http.route": SCORE,
        "url.path": SCORE,
        "url.scheme": scope.get("scheme") or "http",
        "server.address": server[0] or None,
        "server.port": server[1],
        "network.protocol.version": scope.get("http_version"),
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _answered(message: Message) -> dict[str, Any]:
    identity = dict(message["headers"]).get(b"x-request-id", b"")
    return {
        "http.response.status_code": message["status"],
        "request_id": identity.decode("latin-1") or None,
    }


def _below(span: Span, scope: Any) -> Any:
    """Give the request as one whose caller is the span."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span.otel))
    others = [(name, value) for name, value in scope["headers"] if name != TRACEPARENT]
    own = [(name.encode(), value.encode()) for name, value in carrier.items() if name == "traceparent"]
    return {**scope, "headers": [*others, *own]}


def _flat(scope: Any) -> bool:
    query: bytes = scope.get("query_string") or b""
    asked = parse_qs(query.decode("latin-1")).get("flatten", ["false"])
    return asked[-1].lower() == "true"


def _said(span: Span, body: bytes, flat: bool) -> dict[str, Any]:
    """Show a feedback: as one text, or one attribute for each of its keys."""
    whole = {"feedback": span.content.text(body.decode("utf-8", "replace"))}
    if not flat:
        return whole
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return whole
    if not isinstance(said, dict):
        return whole
    return {name: _attribute(span, value) for name, value in said.items()}


def _attribute(span: Span, value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    return span.content.text(value) if isinstance(value, str) else span.content.json(value)
