"""The ServiceAccount of the evaluator's pods: it reads untrusted text, so it has no token."""

from flow_operator.manifests.evaluation import Evaluation
from flow_operator.manifests.names import Manifest, evaluator_name
from flow_operator.manifests.store_access import identity_annotations


def evaluator_account(evaluation: Evaluation) -> Manifest | None:
    """Build the ServiceAccount; None when there is nothing to judge."""
    if evaluation.source is None:
        return None
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": evaluation.meta(evaluator_name(evaluation.name)),
        "automountServiceAccountToken": False,
    }
    if annotations := identity_annotations(evaluation.source.store):
        manifest["metadata"]["annotations"] = annotations
    if evaluation.source.pull_secrets:
        manifest["imagePullSecrets"] = [{"name": name} for name in evaluation.source.pull_secrets]
    return manifest
