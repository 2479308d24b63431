"""The ServiceAccount of retention's pods: the only ones that need the right to delete objects."""

from flow_operator.manifests.names import Manifest
from flow_operator.manifests.retention import retention_of
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import identity_annotations


def retention_account(serving: Serving) -> Manifest | None:
    """Build the ServiceAccount; None when nothing shall be deleted."""
    wanted = retention_of(serving)
    if wanted is None:
        return None
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": wanted.meta(),
        "automountServiceAccountToken": False,
    }
    if annotations := identity_annotations(wanted.store):
        manifest["metadata"]["annotations"] = annotations
    if secrets := serving.spec.runtime.image_pull_secrets:
        manifest["imagePullSecrets"] = [{"name": secret.name} for secret in secrets]
    return manifest
