"""The operator as a process of its own, with the rights that the chart gives it, and what it did."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml

from hack import helm
from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api, Manifest

NAMESPACE = "flow-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:flow-operator"
IMAGE = "registry.example.com/flow-runtime:1"
RESYNC_SECONDS = 2
READ = ("get", "list", "watch")
_RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")

T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = 60.0, what: str = "") -> T:
    """The first thing that `look` finds, neither None nor False; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < deadline, what or "it did not come to pass"
        time.sleep(0.05)


def grant_rights(api: Api) -> None:
    """Install the chart's account, roles and bindings, and no more."""
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    files = [text for name, text in helm.template({}, NAMESPACE).items() if name.endswith(".yaml")]
    documents = [each for text in files for each in yaml.safe_load_all(text) if each]
    for document in documents:
        kind = document["kind"]
        meta = document["metadata"]
        if kind not in _RIGHTS or "aggregate" in str(meta.get("labels")):
            continue
        root = "/api/v1" if kind == "ServiceAccount" else "/apis/rbac.authorization.k8s.io/v1"
        scope = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
        answer = api.call("POST", f"{root}{scope}/{kind.lower()}s", document)
        assert answer.code in (201, 409), answer.message


class Operator:
    """One operator process after another, with the same settings."""

    def __init__(
        self, plane: ControlPlane, api: Api, folder: Path, namespace: str = "", image: str = IMAGE
    ) -> None:
        self._port = _free_port()
        self._log = folder / "operator.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(_kubeconfig(plane, api, folder)),
            "FLOW_OPERATOR_NAMESPACE": NAMESPACE,
            "FLOW_OPERATOR_WATCH_NAMESPACES": namespace,
            "FLOW_OPERATOR_RUNTIME_IMAGE": image,
            "FLOW_OPERATOR_RESYNC_SECONDS": str(RESYNC_SECONDS),
            "FLOW_OPERATOR_HTTP_PORT": str(self._port),
            "FLOW_OPERATOR_POD_NAME": "flow-operator-0",
        }

    def start(self, **settings: str) -> None:
        environment = self._environment | {f"FLOW_OPERATOR_{name}": text for name, text in settings.items()}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flow_operator"], env=environment, stderr=log
            )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def close(self) -> None:
        """Leave no process behind, however the test ended."""
        if self.running:
            self.kill()

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(20)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> list[dict[str, Any]]:
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def log_text(self) -> str:
        return self._log.read_text()

    def metric(self, pattern: str) -> float | None:
        """The value of the first sample that matches."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as response:
            text = response.read().decode()
        found = re.search(f"^{pattern} (.*)$", text, re.MULTILINE)
        return float(found[1]) if found else None


def requests(plane: ControlPlane, namespace: str, verbs: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The operator's changes in a namespace by the audit log (or its requests of these verbs)."""
    for line in plane.audit_log.read_text().splitlines():
        event = json.loads(line)
        reference = event.get("objectRef") or {}
        ours = event["user"]["username"] == ACCOUNT and reference.get("namespace") == namespace
        if ours and (event["verb"] in verbs if verbs else event["verb"] not in READ):
            yield event


def _kubeconfig(plane: ControlPlane, api: Api, folder: Path) -> Path:
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/flow-operator/token"
    token = api.call("POST", path, {"spec": {"expirationSeconds": 7200}}).body["status"]["token"]
    authority = base64.b64encode((plane.folder / "server.crt").read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [
            {"name": "it", "cluster": {"server": plane.url, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "it", "user": {"token": token}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def flow_deployment(namespace: str, name: str = "bot", **spec: Any) -> Manifest:
    """A FlowDeployment with collection and a connection, which serves ConfigMap `bot`."""
    return {
        "apiVersion": "flowoperator.dev/v1alpha1",
        "kind": "FlowDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "flow": {"configMap": {"name": name}},
            "connections": [{"name": "llm", "type": "OpenAI", "secretRef": {"name": "openai"}}],
            "collection": {"store": {"url": "s3://records/team", "secretRef": {"name": "store"}}},
        }
        | spec,
    }


def flow_monitor(namespace: str, name: str = "quality", **spec: Any) -> Manifest:
    """A FlowMonitor of FlowDeployment `bot`."""
    return {
        "apiVersion": "flowoperator.dev/v1alpha1",
        "kind": "FlowMonitor",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "flowDeploymentRef": {"name": "bot"},
            "mapping": {"prompt": "inputs.query", "completion": "outputs.reply", "context": "outputs.docs"},
            "judge": {
                "connection": {"type": "OpenAI", "secretRef": {"name": "judge"}},
                "model": "gpt-5-mini",
            },
        }
        | spec,
    }
