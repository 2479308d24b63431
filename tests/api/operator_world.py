"""A namespace as a test of the operator sees it: its objects, and a kubelet's part played by hand.

There are no nodes, so no pod runs; a test that needs one writes what a kubelet would write into its status.
"""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.api.client import Answer, Api, Manifest
from tests.api.operator_process import eventually

PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Event": "/apis/events.k8s.io/v1/namespaces/{}/events",
    "FlowDeployment": "/apis/flowoperator.dev/v1alpha1/namespaces/{}/flowdeployments",
    "FlowMonitor": "/apis/flowoperator.dev/v1alpha1/namespaces/{}/flowmonitors",
}
CHILDREN = ("ConfigMap", "Service", "ServiceAccount", "Deployment", "PodDisruptionBudget", "CronJob")
MERGE = "application/merge-patch+json"


class World:
    """The objects of one namespace, as the administrator sees and changes them."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def close(self) -> None:
        """Leave nothing that an operator of all namespaces would go on visiting."""
        for kind in ("FlowMonitor", "FlowDeployment"):
            self.api.call("DELETE", self.path(kind))

    def path(self, kind: str, name: str = "") -> str:
        return PATHS[kind].format(self.namespace) + (f"/{name}" if name else "")

    def get(self, kind: str, name: str) -> Manifest | None:
        answer = self.api.call("GET", self.path(kind, name))
        return answer.body if answer.code == 200 else None

    def every(self, kind: str, **labels: str) -> list[Manifest]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        items: list[Manifest] = self.api.call("GET", self.path(kind), labelSelector=selector).body["items"]
        return items

    def create(self, kind: str, manifest: Manifest) -> Manifest:
        answer = self.api.call("POST", self.path(kind), manifest)
        assert answer.code == 201, answer.message
        return answer.body

    def patch(self, kind: str, name: str, change: Mapping[str, Any], subresource: str = "") -> Answer:
        path = self.path(kind, name) + (f"/{subresource}" if subresource else "")
        answer = self.api.call("PATCH", path, dict(change), MERGE)
        assert answer.code == 200, answer.message
        return answer

    def delete(self, kind: str, name: str) -> None:
        answer = self.api.call("DELETE", self.path(kind, name), {"propagationPolicy": "Background"})
        assert answer.code in (200, 202), answer.message

    def source(self, name: str = "bot", text: str = "nodes: []\n") -> None:
        """Write the ConfigMap of a flow."""
        if self.get("ConfigMap", name) is None:
            self.create("ConfigMap", {"metadata": {"name": name}, "data": {"flow.dag.yaml": text}})
        else:
            self.patch("ConfigMap", name, {"data": {"flow.dag.yaml": text}})

    def children(self) -> dict[str, Manifest]:
        """All that the operator made, by kind/name."""
        ours = {"app.kubernetes.io/managed-by": "flow-operator"}
        return {
            f"{kind}/{each['metadata']['name']}": each
            for kind in CHILDREN
            for each in self.every(kind, **ours)
        }

    def condition(self, kind: str, name: str, condition: str) -> dict[str, Any]:
        live = self.get(kind, name) or {}
        known = live.get("status", {}).get("conditions", [])
        return next((each for each in known if each["type"] == condition), {})

    def wait_condition(
        self, kind: str, name: str, condition: str, status: str, reason: str, seconds: float = 60.0
    ) -> dict[str, Any]:
        """Wait for a condition with that status and reason."""

        def look() -> dict[str, Any] | None:
            found = self.condition(kind, name, condition)
            return found if (found.get("status"), found.get("reason")) == (status, reason) else None

        try:
            return eventually(look, seconds)
        except AssertionError:
            raise AssertionError(f"{condition} is {self.condition(kind, name, condition)}") from None

    def wait_children(self, *expected: str) -> dict[str, Manifest]:
        """Wait until these children, given as kind/name, are there."""

        def look() -> dict[str, Manifest] | None:
            found = self.children()
            return found if set(expected) <= set(found) else None

        return eventually(look, what=f"of {expected} there are only {sorted(self.children())}")

    def revision(self, name: str = "bot") -> str:
        """The revision of the Deployment, once it is there."""
        live = eventually(lambda: self.get("Deployment", name))
        return str(live["metadata"]["labels"]["flowoperator.dev/revision"])

    def wait_revision_after(self, old: str, name: str = "bot") -> str:
        return eventually(lambda: new if (new := self.revision(name)) != old else None)

    def pods(self, revision: str) -> list[Manifest]:
        return self.every("Pod", **{"flowoperator.dev/revision": revision})

    def wait_pods(self, revision: str, count: int) -> list[Manifest]:
        return eventually(lambda: pods if len(pods := self.pods(revision)) == count else None)

    def run_pod(self, name: str, address: str = "", *, ready: bool) -> None:
        """Say what a kubelet would say of a pod whose containers run."""
        status = {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": "True" if ready else "False"},
            ],
        }
        place = {"podIP": address, "podIPs": [{"ip": address}]} if address else {}
        self.patch("Pod", name, {"status": status | place}, "status")

    def finish_pod(
        self, name: str, message: str, finished: str, code: int = 0, container: str = "evaluator"
    ) -> None:
        """Say what a kubelet would say of a Job's pod that has ended."""
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "finishedAt": finished,
            "message": message,
        }
        told = {
            "name": container,
            "image": "i",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        phase = "Succeeded" if code == 0 else "Failed"
        self.patch("Pod", name, {"status": {"phase": phase, "containerStatuses": [told]}}, "status")

    def roll(self, revision: str, *, on_nodes: bool = False) -> None:
        """Let every pod of a revision (once it has its node) be ready, until the Deployment has rolled."""

        def rolled() -> bool:
            for pod in self.pods(revision):
                placed = "nodeName" in pod["spec"] or not on_nodes
                if placed and pod["status"].get("phase") == "Pending":
                    self.run_pod(pod["metadata"]["name"], ready=True)
            status = (self.get("Deployment", "bot") or {}).get("status", {})
            wanted = (self.get("FlowDeployment", "bot") or {})["spec"]["replicas"]
            counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
            return counts == {wanted} and len(self.pods(revision)) == wanted

        eventually(rolled, what=f"revision {revision} does not roll out")


class StateServer:
    """Answers GET /state on one loopback address as a serving pod would."""

    def __init__(self, address: str, answer: bytes, code: int = 200, location: str = "") -> None:
        self.asked = asked = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.set()
                self.send_response(code)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Print nothing."""

        self._server = ThreadingHTTPServer((address, 9090), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
