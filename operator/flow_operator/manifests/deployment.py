"""The Deployment: replicas, how they roll, and the pod template of the revision."""

from flow_operator.manifests.names import REVISION, SERVER, TEMPLATE, Manifest, digest, selector
from flow_operator.manifests.pod import pod_template
from flow_operator.manifests.serving import Serving

HISTORY = 2
"""Outgoing ReplicaSets that are kept, and their revisions' ConfigMaps with them."""
PROGRESS_SECONDS = 300


def deployment(serving: Serving) -> Manifest | None:
    """Build the Deployment; None when there is no revision: then the one that runs stays as it is."""
    if serving.revision is None:
        return None
    template = pod_template(serving, serving.revision)
    built = digest(template)
    if serving.kept is not None:
        template, built = serving.kept.template, serving.kept.digest
    meta = serving.meta(serving.name, {REVISION: serving.revision})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta | {"annotations": {TEMPLATE: built}},
        "spec": {
            "replicas": serving.replicas,
            "revisionHistoryLimit": HISTORY,
            "progressDeadlineSeconds": PROGRESS_SECONDS,
            # Never less than wanted: a broken revision takes no pod away from the running one.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": selector(serving.name, SERVER)},
            "template": template,
        },
    }
