"""The Service that clients talk to. The metrics port is not on it."""

from flow_operator.manifests.names import SERVER, Manifest, selector
from flow_operator.manifests.serving import Serving

PORT = 80
HTTP = "http"
"""The port's name on Service and container."""


def service(serving: Serving) -> Manifest:
    """Build the Service."""
    port = {"name": HTTP, "port": PORT, "targetPort": HTTP, "protocol": "TCP", "appProtocol": "http"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": serving.meta(serving.name),
        "spec": {"type": "ClusterIP", "selector": selector(serving.name, SERVER), "ports": [port]},
    }


def url(serving: Serving) -> str:
    """Where clients inside the cluster send requests."""
    return f"http://{serving.name}.{serving.cr.metadata.namespace}.svc/score"
