"""What the tests put beside the operator: a store, LLMs, a client, a Prometheus; and the two resources."""

from pathlib import Path
from typing import Any

from tests.e2e.kubectl import Manifest

HERE = Path(__file__).parent
FLOW = HERE / "flow"
KEY, SECRET_KEY, BUCKET = "flow-key", "flow-secret-key", "records"
STORE_PORT = 7070
BOT, MONITOR = "bot", "bot-quality"

PROMETHEUS_CONFIG = """
global: {scrape_interval: 2s}
scrape_configs:
- job_name: pods
  kubernetes_sd_configs:
  - role: pod
    namespaces: {own_namespace: true}
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "true", action: keep}
  - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
    regex: (.+)
    target_label: __metrics_path__
  - source_labels: [__meta_kubernetes_pod_ip, __meta_kubernetes_pod_annotation_prometheus_io_port]
    separator: ":"
    target_label: __address__
  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
  - {source_labels: [__meta_kubernetes_pod_container_init], target_label: init}
  - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance], target_label: instance_of}
"""


def namespace(name: str) -> Manifest:
    """A namespace that lets no pod in that is not `restricted`."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def config_map(name: str, data: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, data: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def container(name: str, image: str, command: list[str], *mounts: Manifest) -> Manifest:
    """A container as `restricted` wants it, with /tmp to write to."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],
    }


def pod(name: str, node: str, main: Manifest, volumes: list[Manifest] | None = None, **spec: Any) -> Manifest:
    """A helper's pod, pinned to a node that no test drains."""
    if "readinessProbe" in main:
        main["readinessProbe"]["periodSeconds"] = 1
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"helper": name}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node},
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [main],
            "volumes": [{"name": "tmp", "emptyDir": {}}, *(volumes or [])],
        }
        | spec,
    }


def service(name: str, port: int) -> Manifest:
    spec = {"selector": {"helper": name}, "ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def script(name: str, file: str) -> tuple[Manifest, Manifest, Manifest]:
    """A script of the folder pods/ as ConfigMap, volume and mount (at /scripts)."""
    text = (HERE / "pods" / file).read_text()
    volume = {"name": "scripts", "configMap": {"name": name}}
    return config_map(name, {file: text}), volume, {"name": "scripts", "mountPath": "/scripts"}


def store(images: dict[str, str], node: str) -> list[Manifest]:
    """versitygw: the S3 protocol over a folder; a folder in it is a bucket."""
    keys = {"ROOT_ACCESS_KEY_ID": "access_key_id", "ROOT_SECRET_ACCESS_KEY": "secret_access_key"}
    data = {"name": "data", "mountPath": "/data"}
    command = ["versitygw", "--port", f":{STORE_PORT}", "posix", "/data"]
    main = container("store", images["VERSITYGW"], command, data) | {
        "env": [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": "store", "key": key}}}
            for name, key in keys.items()
        ],
        "readinessProbe": {"tcpSocket": {"port": STORE_PORT}},
    }
    bucket = ["python3", "-c", f"import os; os.makedirs('/data/{BUCKET}', exist_ok=True)"]
    credentials = {
        "access_key_id": KEY,
        "secret_access_key": SECRET_KEY,
        "endpoint": f"http://store:{STORE_PORT}",
        "region": "us-east-1",
    }
    return [
        secret("store", credentials),
        service("store", STORE_PORT),
        pod(
            "store",
            node,
            main,
            [{"name": "data", "emptyDir": {}}],
            initContainers=[container("bucket", images["RUNTIME"], bucket, data)],
        ),
    ]


def llm(images: dict[str, str], node: str) -> list[Manifest]:
    """The scripted stub that answers and judges by stated rules."""
    command = ["python3", "-m", "flow_runtime.llm.scripted", "--host", "0.0.0.0", "--port", "8000"]  # noqa: S104
    main = container("llm", images["RUNTIME"], command) | {
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}}
    }
    return [
        secret("openai", {"api_key": "no-real-key", "base_url": "http://llm:8000/v1"}),
        service("llm", 8000),
        pod("llm", node, main),
    ]


def babbling_judge(images: dict[str, str], node: str) -> list[Manifest]:
    """A judge that answers nonsense about every fifth lantern, and as the stub about the others."""
    code, volume, mount = script("babbling-judge", "babbling_judge.py")
    main = container("babbling-judge", images["RUNTIME"], ["python3", "/scripts/babbling_judge.py"], mount)
    main |= {
        "env": [{"name": "BEHIND", "value": "http://llm:8000/v1"}],
        "readinessProbe": {"tcpSocket": {"port": 8000}},
    }
    return [
        secret("babbler", {"api_key": "no-real-key", "base_url": "http://babbling-judge:8000/v1"}),
        code,
        service("babbling-judge", 8000),
        pod("babbling-judge", node, main, [volume]),
    ]


def key_teller(images: dict[str, str], node: str) -> list[Manifest]:
    """An LLM that shows by which key it is asked."""
    code, volume, mount = script("key-teller", "key_teller.py")
    main = container("key-teller", images["RUNTIME"], ["python3", "/scripts/key_teller.py"], mount)
    main |= {"readinessProbe": {"tcpSocket": {"port": 8000}}}
    return [code, service("key-teller", 8000), pod("key-teller", node, main, [volume])]


def client(images: dict[str, str], node: str) -> list[Manifest]:
    """A pod to send requests from, as clients in the cluster do."""
    code, volume, mount = script("client", "ask.py")
    sleep = ["python3", "-c", "import time; time.sleep(86400)"]
    return [code, pod("client", node, container("client", images["RUNTIME"], sleep, mount), [volume])]


def prometheus(images: dict[str, str], node: str) -> list[Manifest]:
    """A real Prometheus that finds pods by their annotations, and may do nothing but look for pods."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    api, name = "rbac.authorization.k8s.io", {"name": "prometheus"}
    command = ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/data"]
    config = {"name": "config", "mountPath": "/etc/prometheus"}
    main = container("prometheus", images["PROMETHEUS"], command, config) | {
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": 9090}}
    }
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name},
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": name, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": "RoleBinding",
            "metadata": name,
            "roleRef": {"apiGroup": api, "kind": "Role", "name": "prometheus"},
            "subjects": [{"kind": "ServiceAccount", "name": "prometheus"}],
        },
        config_map("prometheus", {"prometheus.yml": PROMETHEUS_CONFIG}),
        service("prometheus", 9090),
        pod(
            "prometheus",
            node,
            main,
            [{"name": "config", "configMap": {"name": "prometheus"}}],
            serviceAccountName="prometheus",
            automountServiceAccountToken=True,
        ),
    ]


HELPERS = (store, llm, babbling_judge, key_teller, client, prometheus)
