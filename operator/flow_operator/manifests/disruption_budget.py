"""The PodDisruptionBudget: a drained node takes one pod at a time, and a broken pod never blocks a drain."""

from flow_operator.manifests.names import SERVER, Manifest, selector
from flow_operator.manifests.serving import Serving


def disruption_budget(serving: Serving) -> Manifest:
    """Build the PodDisruptionBudget."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": serving.meta(serving.name),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(serving.name, SERVER)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
