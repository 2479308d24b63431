"""The ServiceAccount of the serving pods: an identity without a token."""

from flow_operator.manifests.names import Manifest, service_account_name
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import identity_annotations


def service_account(serving: Serving) -> Manifest:
    """Build the ServiceAccount; pull secrets are on it, so that every container can use them."""
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": serving.meta(service_account_name(serving.name)),
        "automountServiceAccountToken": False,
    }
    if annotations := identity_annotations(serving.store):
        manifest["metadata"]["annotations"] = annotations
    if secrets := serving.spec.runtime.image_pull_secrets:
        manifest["imagePullSecrets"] = [{"name": secret.name} for secret in secrets]
    return manifest
