"""One open span, and the request that it belongs to.

A span is current only while code runs that it is about: streams go on after their function has returned.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from flow_runtime.tracing.content import Content

CANCELED = "canceled"
INT64 = (-(2**63), 2**63 - 1)


@dataclass
class Request:
    """What spans have in common that belong to one request."""

    open: set["Span"] = field(default_factory=set)
    failure: str = ""
    """What its flow failed with."""


_REQUEST: ContextVar[Request | None] = ContextVar("flow_request", default=None)


class Span:
    """A span that is ended once, by whoever comes first: its work, or the end of its request."""

    def __init__(
        self,
        tracer: Tracer,
        content: Content,
        name: str,
        attributes: Mapping[str, Any],
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
    ) -> None:
        self.content = content
        given = {key: _sendable(value) for key, value in attributes.items()}
        self.otel = tracer.start_span(_sendable(name), parent, kind, given)
        self._context = trace.set_span_in_context(self.otel, parent)
        self._request = _REQUEST.get()
        if self._request is not None:
            self._request.open.add(self)

    def set(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes; None sets nothing. What outlives its request has no say in its span any more."""
        if not self.otel.is_recording():
            return
        for name, value in attributes.items():
            if value is not None:
                self.otel.set_attribute(_sendable(name), _sendable(value))

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the parent of what is begun within the block, in this task or thread."""
        token = context.attach(self._context)
        try:
            yield
        finally:
            context.detach(token)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Make it current within the block, and end it as the block ends."""
        try:
            with self.current():
                yield
        except BaseException as error:
            self.end(error)
            raise
        self.end()

    def end(self, error: BaseException | None = None) -> None:
        """End it. The error's type is told; its text may quote users and is content."""
        if self._request is not None:
            self._request.open.discard(self)
        if self.otel.is_recording():
            if error is not None:
                self.fail(error_type(error), str(error))
            self.otel.end()

    def fail(self, failure: str, text: str = "") -> None:
        """Mark it as failed."""
        if not self.otel.is_recording():
            return
        self.otel.set_attribute("error.type", failure)
        self.otel.set_status(StatusCode.ERROR, _sendable(self.content.text(text)) or None)

    def fail_request(self, error: BaseException) -> None:
        """Say that the request fails with this, which a stream's status cannot say any more."""
        if self._request is not None:
            self._request.failure = error_type(error)


@contextmanager
def request_spans() -> Iterator[Request]:
    """Join the spans that are begun within the block; those that are open at its end are ended then."""
    request = Request()
    token = _REQUEST.set(request)
    try:
        yield request
    finally:
        _REQUEST.reset(token)
        for span in list(request.open):
            span.end(asyncio.CancelledError())


def _sendable(value: Any) -> Any:
    """Make a value one that OTLP can hold: one that it cannot would lose the whole batch it is in."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple | list):
        return [_sendable(each) for each in value]
    return str(value) if type(value) is int and not INT64[0] <= value <= INT64[1] else value


def error_type(error: BaseException) -> str:
    """Name an error for `error.type`: our own by the name that users see, else its class."""
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return CANCELED
    name = getattr(error, "name", None)
    known = isinstance(name, str) and type(error).__module__.startswith("flow_runtime.")
    return str(name) if known else type(error).__qualname__
