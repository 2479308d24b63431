"""Whether the connections of mounted Secrets can be used as they are now, and since when they are in use."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_runtime.llm.connection import Connections


class ConnectionMetrics(Collector):
    """One series per connection of the spec; nothing of their content."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def describe(self) -> list[Metric]:
        """Nothing is read when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Say what the last look at the Secrets found."""
        healthy = GaugeMetricFamily(
            "flow_connection_healthy",
            "1 while the connection's Secret can be used as it is now; 0: its former value, if any, is used.",
            labels=["connection"],
        )
        taken = GaugeMetricFamily(
            "flow_connection_taken_timestamp_seconds",
            "When the value in use was taken from the Secret.",
            labels=["connection"],
        )
        for name in self._connections.mounted:
            healthy.add_metric([name], float(name not in self._connections.problems))
            if name in self._connections.taken:
                taken.add_metric([name], self._connections.taken[name])
        yield from (healthy, taken)
