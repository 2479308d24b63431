"""One pod of a FlowDeployment in the cluster that collects with all patterns, and those it talks to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hack import helm
from tests.bench import stub_llm
from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Kubectl, Manifest
from tests.e2e.world import World
from tests.soak import load

NAMESPACE = "flow-soak"
CLIENTS = 32
PATTERNS = ("email", "phone", "creditCard", "iban", "ipv4", "ipv6", "jwt", "cloudKey")
QUERY = (
    "How much does the lantern NUMBER cost? I am Jane Doe, jane.NUMBER@example.com, +49 30 901820 or"
    " +1 (415) 555-2671. My card is 4111 1111 1111 1111, my account DE89 3704 0044 0532 0130 00. It was"
    " ordered from 203.0.113.7 and 2001:db8::8a2e:370:7334 with the key AKIAIOSFODNN7EXAMPLE and the token"
    " eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U. "
    + "The order of May was sent to the old address and came back; nobody could tell me why. "
    * 6
)
SERVER, COLLECTOR = "server", "collector"


@contextmanager
def one_pod() -> Iterator[World]:
    """Make the namespace with store, LLM and the FlowDeployment, ready; it goes again at the end."""
    images = helm.built_images()
    kubectl = Kubectl(helm.kubeconfig(), NAMESPACE)
    nodes = [n["metadata"]["name"] for n in kubectl.list("nodes", "!node-role.kubernetes.io/control-plane")]
    system = kubectl.within(helm.NAMESPACE)
    if system.get("deployment", helm.RELEASE) is None:
        helm.install(helm.image_values(images))
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s", timeout=130)
    kubectl.apply(manifests.namespace(NAMESPACE))
    try:
        helpers = (manifests.store, _llm, manifests.client)
        kubectl.apply(*(each for helper in helpers for each in helper(images, nodes[0])))
        waits.until_ready_pods(kubectl, "helper", len(helpers), timeout=90)
        kubectl.apply(resources.flow(f"{manifests.BOT}-flow"), _deployment())
        world = World(kubectl, system, images, home=nodes[0], other=nodes[-1])
        world.until_served(manifests.BOT)
        yield world
    finally:
        kubectl("delete", "fd", "--all", "--timeout=30s")
        waits.until_gone(kubectl, "pods", "app.kubernetes.io/name=flow-server")
        kubectl("delete", "namespace", NAMESPACE, "--timeout=120s", timeout=130)


def asking(world: World, rate: float, seconds: float) -> Manifest:
    """Describe the pod that asks at a steady rate; its log ends with the tally."""
    host = f"{manifests.BOT}.{NAMESPACE}.svc"
    arguments = [host, "80", str(CLIENTS), str(rate), str(seconds), "/scripts/body.json"]
    mount = {"name": "scripts", "mountPath": "/scripts"}
    main = manifests.container(
        "load", world.images["RUNTIME"], ["python3", "/scripts/load.py", *arguments], mount
    )
    volume = {"name": "scripts", "configMap": {"name": "load"}}
    return manifests.pod("load", world.home, main, [volume], restartPolicy="Never")


def script() -> Manifest:
    """What that pod runs, and what it asks."""
    body = json.dumps({"query": QUERY})
    return manifests.config_map("load", {"load.py": _text(load), "body.json": body})


def _deployment() -> Manifest:
    collection = {
        "store": {"url": f"s3://{manifests.BUCKET}/flows", "secretRef": {"name": "store"}},
        "redact": {"patterns": list(PATTERNS)},
    }
    return resources.flow_deployment(replicas=1, collection=collection)


def _llm(images: dict[str, str], node: str) -> list[Manifest]:
    """The stub of the benchmark: it costs next to nothing."""
    mount = {"name": "scripts", "mountPath": "/scripts"}
    command = ["python3", "/scripts/llm.py", "0.0.0.0", "8000"]  # noqa: S104
    main = manifests.container("llm", images["RUNTIME"], command, mount)
    main |= {"readinessProbe": {"tcpSocket": {"port": 8000}}}
    return [
        manifests.secret("openai", {"api_key": "no-real-key", "base_url": "http://llm:8000/v1"}),
        manifests.config_map("llm", {"llm.py": _text(stub_llm)}),
        manifests.service("llm", 8000),
        manifests.pod("llm", node, main, [{"name": "scripts", "configMap": {"name": "llm"}}]),
    ]


def _text(module: Any) -> str:
    return Path(module.__file__).read_text()
