"""The Prometheus metrics of the server, and the collector's read from the spool: one scrape for both."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_runtime.flow.run import Run
from flow_runtime.spool import PutSeconds, SpoolWriter, read_collector_state, used_bytes

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
MODELS_MAX = 20
"""A model may come from a request; Prometheus must not get a series for each text that someone sends."""


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
            "flow_request_duration_seconds", "Time to the last byte.", buckets=SECONDS, registry=one
        )
        self._first_byte = Histogram(
            "flow_first_byte_seconds", "Time to the first byte.", buckets=SECONDS, registry=one
        )
        self.in_flight = Gauge("flow_requests_in_flight", "Requests being answered.", registry=one)
        self._nodes = Histogram(
            "flow_node_duration_seconds", "Time of a node.", ["node", "status"], buckets=SECONDS, registry=one
        )
        self._llm = Counter(
            "flow_llm_requests",
            "Tries to call an LLM by HTTP status.",
            ["node", "model", "code"],
            registry=one,
        )
        self._llm_duration = Histogram(
            "flow_llm_duration_seconds",
            "Time of a call of an LLM with its retries.",
            ["node", "model"],
            buckets=SECONDS,
            registry=one,
        )
        self._tokens = Counter(
            "flow_tokens", "Tokens by the LLM's own count.", ["node", "model", "type"], registry=one
        )
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._histograms: dict[tuple[str, ...], Histogram] = {}
        self._models: set[str] = set()

    def request(self, status: int, seconds: float, first_byte: float, run: Run | None) -> None:
        """Count one answered request; a stream that failed midway counts by the status of its failure."""
        self._counter(self._requests, str(status)).inc()
        self._duration.observe(seconds)
        self._first_byte.observe(first_byte)
        if run is None:
            return
        for step in run.steps:
            self._histogram(self._nodes, step.node, step.status).observe(step.seconds)
        for call in run.calls:
            model = self._model(call.model)
            for code in call.attempts:
                self._counter(self._llm, call.node, model, code).inc()
            self._histogram(self._llm_duration, call.node, model).observe(call.ms / 1000)
            self._counter(self._tokens, call.node, model, "prompt").inc(call.prompt_tokens)
            self._counter(self._tokens, call.node, model, "completion").inc(call.completion_tokens)

    def exposition(self) -> bytes:
        """Render all series in the text format."""
        return generate_latest(self.registry)

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

    def _model(self, model: str) -> str:
        if model not in self._models:
            if len(self._models) >= MODELS_MAX:
                return "other"
            self._models.add(model)
        return model


class SpoolMetrics(Collector):
    """The records' way: written by the server, stored by the collector, read from the spool's files."""

    def __init__(self, directory: Path, spool: SpoolWriter) -> None:
        self._directory = directory
        self._spool = spool

    def describe(self) -> list[Metric]:
        """Nothing is read when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the counts."""
        counts, state = self._spool.counts, read_collector_state(self._directory)
        records = CounterMetricFamily(
            "flow_records",
            "Records by how far they came: captured in the spool, then stored or lost.",
            labels=["result"],
        )
        for result, count in (("captured", counts.captured), ("stored", state.stored), ("lost", state.lost)):
            records.add_metric([result], count)
        yield records
        dropped = CounterMetricFamily(
            "flow_records_dropped", "Records that did not get into the spool.", labels=["reason"]
        )
        for reason in {"spool_full": 0, "write_failed": 0} | counts.dropped:
            dropped.add_metric([reason], counts.dropped.get(reason, 0))
        yield dropped
        put = HistogramMetricFamily("flow_store_put_seconds", "Time of a PUT to the store.")
        put.add_metric([], _cumulative(state.put_seconds), state.put_seconds.sum)
        yield put
        used = GaugeMetricFamily("flow_spool_bytes", "Bytes in the spool's directory.")
        used.add_metric([], used_bytes(self._directory))
        yield used


def _cumulative(put: PutSeconds) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip((*map(str, put.buckets), "+Inf"), put.counts, strict=False):
        total += count
        buckets.append((bound, float(total)))
    return buckets
