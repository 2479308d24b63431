"""The init container that fetches a flow from git or an object store; it ends when the flow is there.

It alone sees the credentials of the source, and alone may write where the flow is.
"""

from flow_operator.manifests.names import Manifest
from flow_operator.manifests.security import container_security, own_env
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.volumes import FLOW, SETTINGS, SOURCE, TEMPORARY, mount
from flow_runtime.contracts.base import FETCH_FILE

FETCH = "fetch"
FETCHED_SIZE = "384Mi"
"""Room for the largest pack (128 MiB), its index and the archive made of it."""


def fetch_container(serving: Serving) -> Manifest | None:
    """Build the init container; None when the flow is there without it."""
    flow = serving.spec.flow
    if not flow.fetched:
        return None
    secret = [mount("source", SOURCE, read_only=True)] if flow.fetch_secret else []
    return {
        "name": FETCH,
        "image": serving.image,
        "imagePullPolicy": serving.release.pull_policy,
        "command": ["python3", "-m", "flow_runtime.fetch", str(FETCH_FILE)],
        "env": own_env(),
        "resources": {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            mount("settings", SETTINGS, read_only=True),
            mount("flow", FLOW),
            mount("tmp", TEMPORARY),
            *secret,
        ],
    }
