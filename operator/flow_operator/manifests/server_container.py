"""The container that answers requests: the only one that sees the flow's credentials."""

from flow_operator import quantity
from flow_operator.manifests.names import SERVER, Manifest
from flow_operator.manifests.security import container_security, own_env
from flow_operator.manifests.service import HTTP
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.volumes import CONNECTIONS, FLOW, SETTINGS, SPOOL, TEMPORARY, WORK, mount
from flow_runtime.contracts.base import METRICS_PORT, SERVER_PORT, SETTINGS_FILE

METRICS = "metrics"
ENDPOINT_SECONDS = 5
"""How long a pod that is to end still answers, so that every node has taken it off the Service."""


def server_container(serving: Serving) -> Manifest:
    """Build the container."""
    return {
        "name": SERVER,
        "image": serving.image,
        "imagePullPolicy": serving.release.pull_policy,
        "command": ["python3", "-m", "flow_runtime.server", str(SETTINGS_FILE)],
        "env": _env(serving),
        "ports": [
            {"name": HTTP, "containerPort": SERVER_PORT, "protocol": "TCP"},
            {"name": METRICS, "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/health", "port": HTTP},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
        # Lenient, and on the other port: a flow that is busy or broken is no reason to kill its pod.
        "livenessProbe": {
            "httpGet": {"path": "/livez", "port": METRICS},
            "initialDelaySeconds": 10,
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINT_SECONDS}}},
        "resources": _resources(serving),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(serving),
    }


def _env(serving: Serving) -> list[Manifest]:
    """Ours and the user's; where both set a name ours stays, since the server relies on it."""
    own = own_env()
    taken = {each["name"] for each in own}
    given = serving.spec.runtime.env
    return own + [{"name": each.name, "value": each.value} for each in given if each.name not in taken]


def _mounts(serving: Serving) -> list[Manifest]:
    flow = [] if serving.spec.flow.image else [mount("flow", FLOW, read_only=True)]
    spool = [mount("spool", SPOOL)] if serving.collection else []
    secrets = [
        mount(f"connection-{number}", f"{CONNECTIONS}/{each.name}", read_only=True)
        for number, each in enumerate(serving.spec.connections)
    ]
    common = [mount("settings", SETTINGS, read_only=True), mount("work", WORK), mount("tmp", TEMPORARY)]
    return common + flow + secrets + spool


def _resources(serving: Serving) -> Manifest:
    """The user's figures; a spool in memory is charged to the container that fills it, so it comes on top."""
    wanted = serving.spec.runtime.resources
    spool = serving.collection.spool if serving.collection else None
    extra = spool.size_mib if spool is not None and spool.medium == "Memory" else 0
    requests = {"cpu": wanted.requests.cpu, "memory": quantity.add_mebibytes(wanted.requests.memory, extra)}
    limits = {"memory": quantity.add_mebibytes(wanted.limits.memory, extra)}
    return {
        "requests": requests,
        "limits": limits | ({"cpu": wanted.limits.cpu} if wanted.limits.cpu else {}),
    }
