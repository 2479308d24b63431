"""What the demo puts beside the example: a namespace, an S3 server with a bucket, the stub. Pure."""

from typing import Any

Manifest = dict[str, Any]
BUCKET, STORE, STORE_PORT = "flow-records", "store", 7070
LLM_NAME, LLM_PORT = "llm", 8000
DATA = {"name": "data", "mountPath": "/data"}


def namespace(name: str) -> Manifest:
    """A namespace that refuses every pod that is not `restricted`."""
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def secret(name: str, values: dict[str, str]) -> Manifest:
    """A Secret of these keys."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def flow_config_map(name: str, archive_base64: str) -> Manifest:
    """The flow as one binary key; ConfigMap keys cannot name folders."""
    data = {"flow.tar.gz": archive_base64}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "binaryData": data}


def store_credentials(access_key_id: str, secret_access_key: str) -> dict[str, str]:
    """The keys of the store's Secret, as the runtime reads them."""
    return {
        "access_key_id": access_key_id,
        "secret_access_key": secret_access_key,
        "endpoint": f"http://{STORE}:{STORE_PORT}",
        "region": "us-east-1",
    }


def s3_server(versitygw_image: str, runtime_image: str) -> list[Manifest]:
    """versitygw: the S3 protocol over a folder, in which a folder is a bucket. Its data goes with its pod."""
    keys = {"ROOT_ACCESS_KEY_ID": "access_key_id", "ROOT_SECRET_ACCESS_KEY": "secret_access_key"}
    command = ["versitygw", "--port", f":{STORE_PORT}", "posix", "/data"]
    environment = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": STORE, "key": key}}}
        for name, key in keys.items()
    ]
    server = _container(STORE, versitygw_image, command, [DATA]) | {
        "env": environment,
        "readinessProbe": {"tcpSocket": {"port": STORE_PORT}, "periodSeconds": 1},
    }
    make_bucket = ["python3", "-c", f"import os; os.makedirs('/data/{BUCKET}', exist_ok=True)"]
    first = _container("bucket", runtime_image, make_bucket, [DATA])
    return [
        _deployment(STORE, server, [first], [{"name": "data", "emptyDir": {}}]),
        _service(STORE, STORE_PORT),
    ]


def scripted_llm(runtime_image: str) -> list[Manifest]:
    """The scripted stub as a pod."""
    command = ["python3", "-m", "flow_runtime.llm.scripted", "--host", "0.0.0.0", "--port", str(LLM_PORT)]
    probe = {"httpGet": {"path": "/health", "port": LLM_PORT}, "periodSeconds": 1}
    server = _container(LLM_NAME, runtime_image, command, []) | {"readinessProbe": probe}
    return [_deployment(LLM_NAME, server, [], []), _service(LLM_NAME, LLM_PORT)]


def _service(name: str, port: int) -> Manifest:
    spec = {"selector": {"app": name}, "ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _container(name: str, image: str, command: list[str], mounts: list[Manifest]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],  # noqa: S108 - a volume of the pod's own
    }


def _deployment(name: str, main: Manifest, first: list[Manifest], volumes: list[Manifest]) -> Manifest:
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 2,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": first,
        "containers": [main],
        "volumes": [{"name": "tmp", "emptyDir": {}}, *volumes],
    }
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
