"""All children of a FlowDeployment."""

from collections.abc import Callable

from flow_operator.manifests.deployment import deployment
from flow_operator.manifests.disruption_budget import disruption_budget
from flow_operator.manifests.flow_config import flow_config
from flow_operator.manifests.names import Manifest, sealed
from flow_operator.manifests.retention_account import retention_account
from flow_operator.manifests.retention_config import retention_config
from flow_operator.manifests.retention_job import retention_job
from flow_operator.manifests.service import service
from flow_operator.manifests.service_account import service_account
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.settings_config import settings_config

BUILDERS: tuple[Callable[[Serving], Manifest | None], ...] = (
    service_account,
    flow_config,
    settings_config,
    service,
    disruption_budget,
    deployment,
    retention_account,
    retention_config,
    retention_job,
)


def build(serving: Serving) -> list[Manifest]:
    """Build every child that can be described, in the order in which they are to be applied."""
    return [sealed(manifest) for builder in BUILDERS if (manifest := builder(serving)) is not None]
