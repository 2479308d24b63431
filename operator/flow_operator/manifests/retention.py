"""What the builders of a FlowDeployment's retention are given, and when it runs."""

from dataclasses import dataclass

from flow_operator.api.store import Store
from flow_operator.manifests.names import RETENTION, Manifest, child_meta, digest, retention_name
from flow_operator.manifests.serving import Serving

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Retention:
    """A FlowDeployment whose old records shall go; also one that collects no more."""

    serving: Serving
    store: Store
    days: int
    dry_run: bool

    @property
    def schedule(self) -> str:
        """Once a day, at a minute of its own: not all FlowDeployments list one bucket at once."""
        meta = self.serving.cr.metadata
        minute = int(digest([meta.namespace, meta.name]), 16) % DAY_MINUTES
        return f"{minute % 60} {minute // 60} * * *"

    @property
    def name(self) -> str:
        """The name of all its children."""
        return retention_name(self.serving.name)

    def meta(self) -> Manifest:
        """The metadata of a child."""
        return child_meta(self.serving.cr.KIND, self.serving.cr.metadata, RETENTION, self.name)


def retention_of(serving: Serving) -> Retention | None:
    """What shall be deleted; None while retentionDays is not set."""
    wanted = serving.spec.collection
    if wanted is None or wanted.store is None or wanted.retention_days is None:
        return None
    return Retention(serving, wanted.store, wanted.retention_days, wanted.retention_dry_run)
