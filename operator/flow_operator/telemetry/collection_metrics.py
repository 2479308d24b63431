"""The records that FlowDeployments lost: counters that live in the status, so no restart sets them back."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_operator.api.collection_status import CollectionStatus


class CollectionMetrics(Collector):
    """One series of each kind for every FlowDeployment that collects."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], CollectionStatus] = {}

    def show(self, namespace: str, deployment: str, status: CollectionStatus | None) -> None:
        """Take what a status says."""
        if status is not None:
            self._shown[namespace, deployment] = status

    def forget(self, namespace: str, deployment: str) -> None:
        """Remove the series of a FlowDeployment that is gone."""
        self._shown.pop((namespace, deployment), None)

    def collect(self) -> Iterator[Metric]:
        """Render what is known; what is not known has no series."""
        labels = ("namespace", "deployment")
        lost = CounterMetricFamily(
            "flow_collection_records_lost",
            "Captured records that never will arrive in the store.",
            labels=labels,
        )
        unaccounted = CounterMetricFamily(
            "flow_collection_records_unaccounted",
            "Records that pods held when last asked that went away without a word.",
            labels=labels,
        )
        for names, status in sorted(self._shown.items()):
            if status.lost is not None:
                lost.add_metric(names, status.lost.records)
                unaccounted.add_metric(names, status.unaccounted.records if status.unaccounted else 0)
        yield lost
        yield unaccounted
