"""The Prometheus metrics of the server."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from flow_runtime.flow.run import Run
from flow_runtime.llm.call import Call

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
NODES_MAX, MODELS_MAX, CODES_MAX = 200, 20, 20
"""A model may come from a request, a code from an LLM, a node from user code that makes its own prompties."""
LABEL_LIMIT = 100
disable_created_metrics()  # type: ignore[no-untyped-call]  # half as many series again, for a time that Prometheus does not use


class Values:
    """The values of a label. Further ones, and what is left of long ones, are one: nobody makes series."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._shown: dict[str, str] = {}

    def of(self, value: str) -> str:
        """Give the label's value for a text that may be anything."""
        shown = self._shown.get(value)
        if shown is None:
            if len(self._shown) >= self._limit or len(value) > LABEL_LIMIT:
                return "other"
            shown = self._shown[value] = value.encode("utf-8", "replace").decode()
        return shown


class Metrics:
    """All series of one server. Children are looked up once: labels() is dear on the request path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        one = self.registry
        self._requests = Counter(
            "flow_requests", "Requests to /score by HTTP status.", ["code"], registry=one
        )
        self._duration = Histogram(
            "flow_request_duration_seconds",
            "Time to the last byte.",
            unit="seconds",
            buckets=SECONDS,
            registry=one,
        )
        self._first_byte = Histogram(
            "flow_first_byte_seconds",
            "Time to the first byte of a stream's first piece, or of a whole answer.",
            unit="seconds",
            buckets=SECONDS,
            registry=one,
        )
        self.in_flight = Gauge("flow_requests_in_flight", "Requests being answered.", registry=one)
        self._nodes = Histogram(
            "flow_node_duration_seconds",
            "Time of a node, until its stream ends where it gives one.",
            ["node", "status"],
            unit="seconds",
            buckets=SECONDS,
            registry=one,
        )
        self._llm = Counter(
            "flow_llm_requests",
            "Tries to call an LLM by HTTP status; error without one, canceled before there was one.",
            ["node", "model", "code"],
            registry=one,
        )
        self._llm_duration = Histogram(
            "flow_llm_duration_seconds",
            "Time of a call of an LLM with its retries, until its stream ends where it is one.",
            ["node", "model"],
            unit="seconds",
            buckets=SECONDS,
            registry=one,
        )
        self._tokens = Counter(
            "flow_tokens", "Tokens by the LLM's own count.", ["node", "model", "type"], registry=one
        )
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._histograms: dict[tuple[str, ...], Histogram] = {}
        self._node_names, self._models, self._codes = Values(NODES_MAX), Values(MODELS_MAX), Values(CODES_MAX)

    def request(self, status: int, seconds: float, first_byte: float, run: Run | None) -> None:
        """Count one answered request; a stream that failed midway counts by the status of its failure."""
        self._counter(self._requests, str(status)).inc()
        self._duration.observe(seconds)
        self._first_byte.observe(first_byte)
        if run is None:
            return
        for step in run.steps:
            node = self._node_names.of(step.node)
            self._histogram(self._nodes, node, step.status).observe(step.seconds)
        for call in run.calls:
            if call.ms:  # else it was never begun: a stream that nobody came to read
                self._call(call)

    def exposition(self) -> bytes:
        """Render all series in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)

    def open_metrics(self) -> bytes:
        """Render all series as OpenMetrics 1.0, which knows units, too."""
        rendered: bytes = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return rendered

    def _call(self, call: Call) -> None:
        node, model = self._node_names.of(call.node), self._models.of(call.model)
        for code in call.attempts:
            self._counter(self._llm, node, model, self._codes.of(code)).inc()
        self._histogram(self._llm_duration, node, model).observe(call.ms / 1000)
        self._counter(self._tokens, node, model, "prompt").inc(call.prompt_tokens)
        self._counter(self._tokens, node, model, "completion").inc(call.completion_tokens)

    def _counter(self, family: Counter, *labels: str) -> Counter:
        key = (family._name, *labels)
        child = self._counters.get(key)
        if child is None:
            child = self._counters[key] = family.labels(*labels)
        return child

    def _histogram(self, family: Histogram, *labels: str) -> Histogram:
        key = (family._name, *labels)
        child = self._histograms.get(key)
        if child is None:
            child = self._histograms[key] = family.labels(*labels)
        return child
