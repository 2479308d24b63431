"""The collector as a native sidecar: it starts before the server, ends after it, and leaves nothing behind.

It holds the store's credentials and the key of the records' hashes and no others, and no probe of it can take
the server out of service.
"""

from flow_operator.manifests.names import Manifest
from flow_operator.manifests.security import container_security, own_env
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import store_mounts
from flow_operator.manifests.volumes import HASH_KEY, SETTINGS, SPOOL, TEMPORARY, mount
from flow_runtime.contracts.base import SETTINGS_FILE

COLLECTOR = "collector"


def collector_container(serving: Serving) -> Manifest | None:
    """Build the init container; None when nothing is collected."""
    if serving.store is None:
        return None
    access = store_mounts(serving.store)
    if serving.hash_key:
        access.append(mount("hash-key", HASH_KEY, read_only=True))
    return {
        "name": COLLECTOR,
        "image": serving.image,
        "imagePullPolicy": serving.release.pull_policy,
        "restartPolicy": "Always",
        "command": ["python3", "-m", "flow_runtime.collector", str(SETTINGS_FILE)],
        "env": own_env(),
        "resources": {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": container_security(),
        # What it could not store, as long as there is something; its log is no such message.
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            mount("settings", SETTINGS, read_only=True),
            mount("spool", SPOOL),
            mount("tmp", TEMPORARY),
            *access,
        ],
    }
