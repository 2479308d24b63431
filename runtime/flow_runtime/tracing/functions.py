"""Spans of functions that user code decorates with promptflow's `trace`: of all four kinds of function."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from flow_runtime.tracing.span import Span
from flow_runtime.tracing.spans import Spans, lasting


def traced_function(function: Callable[..., Any], name: str | None, spans: Spans) -> Callable[..., Any]:
    """Give a function of the same kind whose calls are spans below the current one."""
    called = getattr(function, "__qualname__", type(function).__name__)

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
        span = spans.begin(name or called, "Function", {"function": called})
        if spans.content.shown:
            span.set({"inputs": spans.content.json(_inputs(function, args, kwargs))})
        return span

    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        return _generating(function, begin)
    if not inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            span = begin(args, kwargs)
            with span.work():
                value = function(*args, **kwargs)
                span.set({"output": span.content.json(value)})
                return value

        return call

    @functools.wraps(function)
    async def call_async(*args: Any, **kwargs: Any) -> Any:
        span = begin(args, kwargs)
        with span.work():
            value = await function(*args, **kwargs)
            span.set({"output": span.content.json(value)})
            return value

    return call_async


def _generating(
    function: Callable[..., Any], begin: Callable[[tuple[Any, ...], dict[str, Any]], Span]
) -> Callable[..., Any]:
    """Trace a generator function, from its first piece to its last."""

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Any:
            span = begin(args, kwargs)
            yield from lasting(span, function(*args, **kwargs), span.end)

        return generate

    @functools.wraps(function)
    async def generate_async(*args: Any, **kwargs: Any) -> Any:
        span = begin(args, kwargs)
        async for chunk in lasting(span, function(*args, **kwargs), span.end):
            yield chunk

    return generate_async


def _inputs(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Name the arguments; an object's own is left out."""
    try:
        given = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        return kwargs
    given.pop("self", None)
    return given
