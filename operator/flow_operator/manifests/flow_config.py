"""The immutable copy of the flow that a revision runs; an edit of the source can never reach it."""

from flow_operator.manifests.names import REVISION, Manifest, flow_name
from flow_operator.manifests.serving import Serving


def flow_config(serving: Serving) -> Manifest | None:
    """Build the ConfigMap; None when there is no revision or the flow is in no ConfigMap."""
    if serving.revision is None or serving.files is None:
        return None
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": serving.meta(flow_name(serving.name, serving.revision), {REVISION: serving.revision}),
        "immutable": True,
    }
    if serving.files.data:
        manifest["data"] = serving.files.data
    if serving.files.binary:
        manifest["binaryData"] = serving.files.binary
    return manifest
