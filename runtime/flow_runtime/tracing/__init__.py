"""The seam between serving and tracing: what wraps a server, a flow, an LLM and a traced function.

Whoever starts a process chooses once. Without tracing nothing is wrapped, so nothing is paid: OpenTelemetry
is imported by `tracing.otel` alone, and that by `tracing.choose` alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from flow_runtime.flow.load import Loaded
from flow_runtime.llm.call import ChatModel
from flow_runtime.llm.connection import Connection

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""
Lookup = Callable[[str], Connection]


class Tracing(Protocol):
    """Gives things back that do what they did, and leave spans."""

    def application(self, application: Application) -> Application:
        """Trace the requests to /score and /feedback."""

    def flow(self, flow: Loaded) -> Loaded:
        """Trace the runs of a flow and of its nodes."""

    def llm(self, llm: ChatModel, lookup: Lookup) -> ChatModel:
        """Trace the calls of an LLM; `lookup` gives a connection by its name."""

    def function(self, function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
        """Trace the calls of a function that user code decorates with promptflow's `trace`."""

    async def close(self) -> None:
        """Send what has not been sent, within a few seconds."""


class NoTracing:
    """Tracing that is off: everything stays as it is."""

    def application(self, application: Application) -> Application:
        """Give it back."""
        return application

    def flow(self, flow: Loaded) -> Loaded:
        """Give it back."""
        return flow

    def llm(self, llm: ChatModel, lookup: Lookup) -> ChatModel:
        """Give it back."""
        return llm

    def function(self, function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
        """Give it back."""
        return function

    async def close(self) -> None:
        """Do nothing."""


OFF = NoTracing()
