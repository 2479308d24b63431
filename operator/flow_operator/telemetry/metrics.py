"""The operator's Prometheus metrics: its own work, lost records, and the results of FlowMonitors.

The gauges of a monitor are set from its status on every visit, so they are right again after a restart.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from flow_operator.api.flowmonitor_status import FlowMonitorStatus, MetricStatus
from flow_operator.telemetry.collection_metrics import CollectionMetrics

_METRIC = ("namespace", "monitor", "metric")
_OUTCOMES = ("passed", "failed", "errors", "not_evaluable", "skipped")
_NAMES = {"errors": "error"}
_VERDICTS = ("Pass", "Fail", "Inconclusive")


class Metrics:
    """All metrics, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.reconcile_seconds = Histogram(
            "flow_operator_reconcile_seconds",
            "Time of one visit to a resource",
            ("kind", "result"),
            registry=registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.queue_depth = Gauge(
            "flow_operator_queue_depth", "Resources that wait for a visit", registry=registry
        )
        self.watch_stalled = Counter(
            "flow_operator_watch_stalled", "Changes that a watch did not report", registry=registry
        )
        self.collection = CollectionMetrics()
        registry.register(self.collection)
        self._ratio = Gauge("flow_monitor_pass_ratio", "Pass rate", _METRIC, registry=registry)
        self._low = Gauge("flow_monitor_pass_ratio_low", "Its lower bound", _METRIC, registry=registry)
        self._high = Gauge("flow_monitor_pass_ratio_high", "Its upper bound", _METRIC, registry=registry)
        self._verdict = Gauge(
            "flow_monitor_verdict",
            "1 for the verdict of the last good run, 0 for the others",
            (*_METRIC, "verdict"),
            registry=registry,
        )
        self._judgements = Gauge(
            "flow_monitor_judgements",
            "Judgements of the last good run by outcome",
            (*_METRIC, "outcome"),
            registry=registry,
        )
        self._last_success = Gauge(
            "flow_monitor_last_success_timestamp_seconds",
            "End of the last good run",
            ("namespace", "monitor"),
            registry=registry,
        )

    def show(self, namespace: str, monitor: str, status: FlowMonitorStatus) -> None:
        """Set the gauges of one monitor to what its status says."""
        last = status.last_run
        end = (
            last.finished.timestamp() if last and last.finished and last.id == status.last_good_run else None
        )
        if end is not None:
            self._last_success.labels(namespace, monitor).set(end)
        self._forget_metrics(namespace, monitor)
        for metric in status.metrics:
            self._show_metric((namespace, monitor, metric.name), metric)

    def forget(self, namespace: str, monitor: str) -> None:
        """Remove the gauges of a monitor that is gone."""
        self._last_success.remove_by_labels({"namespace": namespace, "monitor": monitor})
        self._forget_metrics(namespace, monitor)

    def _forget_metrics(self, namespace: str, monitor: str) -> None:
        for gauge in (self._ratio, self._low, self._high, self._verdict, self._judgements):
            gauge.remove_by_labels({"namespace": namespace, "monitor": monitor})

    def _show_metric(self, labels: tuple[str, str, str], metric: MetricStatus) -> None:
        rates = ((self._ratio, metric.pass_rate_percent), (self._low, metric.low), (self._high, metric.high))
        for gauge, percent in rates:
            if percent is not None:
                gauge.labels(*labels).set(round(float(percent) / 100, 4))
        for verdict in _VERDICTS:
            self._verdict.labels(*labels, verdict).set(float(metric.verdict == verdict))
        for outcome in _OUTCOMES:
            self._judgements.labels(*labels, _NAMES.get(outcome, outcome)).set(getattr(metric, outcome))
