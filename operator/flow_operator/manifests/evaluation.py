"""What the builders of a FlowMonitor's children are given."""

from dataclasses import dataclass

from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.store import Store
from flow_operator.manifests.names import EVALUATOR, Manifest, child_meta
from flow_operator.manifests.serving import Release


@dataclass(frozen=True)
class Source:
    """Where the records are, as the FlowDeployment that collects them says."""

    store: Store
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A FlowMonitor with its source. Without one there is nothing to judge, and nothing is scheduled."""

    cr: FlowMonitor
    release: Release
    source: Source | None

    @property
    def name(self) -> str:
        """The resource's name, which is also the CronJob's."""
        return self.cr.metadata.name

    def meta(self, name: str) -> Manifest:
        """The metadata of a child."""
        return child_meta(self.cr.KIND, self.cr.metadata, EVALUATOR, name)
