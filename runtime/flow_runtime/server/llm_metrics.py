"""How each connection's LLM is, read when Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_runtime.llm.health import Healths
from flow_runtime.server.metrics import LABEL_LIMIT

OWN_MAX = 20


class LLMMetrics(Collector):
    """Circuit and retry budget of each connection; those that were not asked yet are shown, too."""

    def __init__(self, healths: Healths) -> None:
        self._healths = healths
        self._own: set[str] = set()
        """Connections that code of the flow made: the first ones only, since it may go on making them."""

    def describe(self) -> list[Metric]:
        """Nothing is read when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the states."""
        found = {health.name: health for health in self._healths if self._is_shown(health.name)}
        circuit = GaugeMetricFamily(
            "flow_llm_circuit_open",
            "1 while requests fail at once, since the LLM was down for many in a row.",
            labels=["connection"],
        )
        refused = CounterMetricFamily(
            "flow_llm_retries_refused",
            "Retries that the connection's budget did not grant.",
            labels=["connection"],
        )
        for name in sorted(self._healths.names | found.keys()):
            health = found.get(name)
            circuit.add_metric([name], health.circuit.open if health else 0)
            refused.add_metric([name], health.budget.refused if health else 0)
        yield circuit
        yield refused

    def _is_shown(self, name: str) -> bool:
        if name in self._healths.names or name in self._own:
            return True
        if len(self._own) < OWN_MAX and len(name) <= LABEL_LIMIT and name.isprintable():
            self._own.add(name)
            return True
        return False
