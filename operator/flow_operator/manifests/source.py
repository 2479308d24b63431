"""Where a FlowMonitor's records are: what it takes from the FlowDeployment it names."""

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.manifests.evaluation import Source


def source_of(deployment: FlowDeployment) -> Source | None:
    """The source of a FlowDeployment's records; None while it collects nothing."""
    collection = deployment.spec.collection
    if collection is None or not collection.enabled or collection.store is None:
        return None
    secrets = tuple(secret.name for secret in deployment.spec.runtime.image_pull_secrets)
    return Source(store=collection.store, pull_secrets=secrets)
