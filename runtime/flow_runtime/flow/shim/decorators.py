"""promptflow's decorators and helpers of tools. They mark; they change nothing about what a function does."""

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from flow_runtime.flow.shim import TOOL_MARK

STREAMING_MARK = "_streaming_option_parameter"
"""Where the real decorator keeps the name of the parameter that makes a tool stream."""


def tool(
    function: Callable[..., Any] | None = None,
    *,
    streaming_option_parameter: str | None = None,
    **_: Any,
) -> Any:
    """Mark a function as the tool of its file; its other options describe it to editors."""

    def mark(marked: Callable[..., Any]) -> Callable[..., Any]:
        setattr(marked, TOOL_MARK, None)
        if streaming_option_parameter:
            setattr(marked, STREAMING_MARK, streaming_option_parameter)
        return marked

    return mark if function is None else mark(function)


class ToolProvider:
    """What a tool that is a class extends."""


Traced = Callable[[Callable[..., Any], str | None], Callable[..., Any]]
_traced: Traced = lambda function, _: function  # noqa: E731 - what a name stands for, until it is changed


def trace_by(traced: Traced) -> None:
    """Say what `trace` makes of functions that are decorated from now on, and of the name given to it."""
    global _traced
    _traced = traced


def trace(function: Callable[..., Any] | None = None, *, name: str | None = None, **_: Any) -> Any:
    """Leave a function as it is, or make its calls spans where the process traces."""
    return _traced(function, name) if function is not None else lambda traced: _traced(traced, name)


def start_trace(**_: Any) -> None:
    """Do nothing: the server decides where traces go."""


def log_metric(key: str, value: Any, variant_id: str | None = None) -> None:
    """Do nothing: metrics of a batch are logged by aggregation, which never runs while serving."""


log_flow_metric = log_metric


def register_apis(provider: Any) -> Any:
    """Leave a class, or a list of some, as it is."""
    return provider


register_connections = register_apis


def enable_cache(_: Callable[..., str]) -> Callable[[Any], Any]:
    """Leave a function as it is: nothing is cached while serving."""
    return lambda function: function


class ThreadPoolExecutorWithContext(ThreadPoolExecutor):
    """A thread pool whose calls see the context variables of whoever submits them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a function in a thread of the pool."""
        return super().submit(contextvars.copy_context().run, fn, *args, **kwargs)


class InputSetting:
    """How an editor shows a tool's input: kept and not used."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)


class DynamicList(InputSetting):
    """How an editor finds the choices of a tool's input: kept and not used."""
