"""Tracing by OpenTelemetry: the only module that knows of its SDK. Sent by a thread, from a bounded queue."""

import asyncio
import contextlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from flow_runtime.contracts.settings import ServerSettings
from flow_runtime.flow.load import Loaded
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.call import ChatModel
from flow_runtime.tracing import Application, Lookup
from flow_runtime.tracing.content import Content
from flow_runtime.tracing.flows import traced_flow
from flow_runtime.tracing.functions import traced_function
from flow_runtime.tracing.http import TracedApplication
from flow_runtime.tracing.llm import TracedChat
from flow_runtime.tracing.spans import Spans

CLOSE_SECONDS = 3.0
"""How long the end of a process waits for a collector: much less than a pod has after its last request."""


class OTelTracing:
    """Wraps what is to be traced."""

    def __init__(self, provider: TracerProvider, content: bool) -> None:
        self._provider = provider
        tracer = provider.get_tracer("flow_runtime", version("flow-operator"))
        self._spans = Spans(tracer, Content(content))

    def application(self, application: Application) -> Application:
        """Trace the requests to /score and /feedback."""
        return TracedApplication(application, self._spans)

    def flow(self, flow: Loaded) -> Loaded:
        """Trace the runs of a flow and of its nodes."""
        return traced_flow(flow, self._spans)

    def llm(self, llm: ChatModel, lookup: Lookup) -> ChatModel:
        """Trace the calls of an LLM."""
        return TracedChat(llm, lookup, self._spans)

    def function(self, function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
        """Trace the calls of a function."""
        return traced_function(function, name, self._spans)

    async def close(self) -> None:
        """Send what is left, as far as the collector takes it in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await Threads(1).run(self._provider.shutdown)


def exporting_provider(settings: ServerSettings, pod: str, in_cluster: bool) -> TracerProvider:
    """Make the provider that sends to where OpenTelemetry's variables say; user code gets it, too."""
    provider = TracerProvider(resource=resource(settings, pod, in_cluster), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def resource(settings: ServerSettings, pod: str, in_cluster: bool) -> Resource:
    """Say who sends: the FlowDeployment and the pod, unless OTEL_RESOURCE_ATTRIBUTES or _SERVICE_NAME do."""
    identity = settings.identity
    own = {
        "service.name": identity.deployment,
        "service.namespace": identity.namespace,
        "service.instance.id": pod,
        "service.version": settings.revision,
    }
    kubernetes = {"k8s.namespace.name": identity.namespace, "k8s.pod.name": pod} if in_cluster else {}
    return Resource.create({**own, **kubernetes, **OTELResourceDetector().detect().attributes})
