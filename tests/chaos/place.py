"""Where it happens: a namespace with a store, a fault proxy before it, an asker, and three pods of a flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent

from hack import helm
from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Kubectl, Manifest
from tests.e2e.world import SERVER, World

NAMESPACE, NAME, SECRET = "flow-chaos", "chaos", "proxied-store"
S3_PORT, CONTROL_PORT = 7071, 7072
REQUEST_SECONDS = 10
PODS, SPOOL_MIB = 3, 16
FLOW = {
    "flow.flex.yaml": "entry: lanterns:answer\n",
    "lanterns.py": dedent("""
        import asyncio
        import os
        import random


        async def answer(question: int, size: int) -> dict:
            await asyncio.sleep(random.uniform(0.005, 0.05))
            text = f"The lantern {question} is lit. "
            return {"reply": (text * (size // len(text) + 1))[:size], "pod": os.environ["POD_UID"]}
        """).lstrip(),
}
"""It waits a little, as for an LLM, says as much as it is told to, and who it is."""


def store_proxy(images: dict[str, str], node: str) -> list[Manifest]:
    """What the pods take for the store; the asker's scripts tell it to fail."""
    code, volume, mount = manifests.script("store-proxy", "store_proxy.py")
    places = [f"0.0.0.0:{S3_PORT}", f"0.0.0.0:{CONTROL_PORT}", f"store:{manifests.STORE_PORT}"]
    main = manifests.container(
        "store-proxy", images["RUNTIME"], ["python3", "-u", "/scripts/store_proxy.py", *places], mount
    ) | {"readinessProbe": {"tcpSocket": {"port": CONTROL_PORT}}}
    service = manifests.service("store-proxy", S3_PORT)
    service["spec"]["ports"] = [{"name": "s3", "port": S3_PORT}, {"name": "control", "port": CONTROL_PORT}]
    return [code, service, manifests.pod("store-proxy", node, main, [volume])]


def asker(images: dict[str, str], node: str) -> list[Manifest]:
    """A pod to ask from."""
    code, volume, mount = manifests.script("asker", "ask_all.py")
    sleep = ["python3", "-c", "import time; time.sleep(86400)"]
    main = manifests.container("asker", images["RUNTIME"], sleep, mount)
    return [code, manifests.pod("asker", node, main, [volume])]


def store_secret(secret_key: str = manifests.SECRET_KEY) -> Manifest:
    """The credentials that the collectors use."""
    credentials = {
        "access_key_id": manifests.KEY,
        "secret_access_key": secret_key,
        "endpoint": f"http://store-proxy:{S3_PORT}",
        "region": "us-east-1",
    }
    return manifests.secret(SECRET, credentials)


def flow_deployment(medium: str) -> Manifest:
    """Three pods whose spools are as small as can be."""
    return resources.flow_deployment(
        NAME,
        replicas=PODS,
        connections=[],
        runtime={
            "requestTimeoutSeconds": REQUEST_SECONDS,
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        },
        collection={
            "store": {"url": f"s3://{manifests.BUCKET}/flows", "secretRef": {"name": SECRET}},
            "spool": {"medium": medium, "sizeMiB": SPOOL_MIB},
        },
    )


@contextmanager
def made(medium: str) -> Iterator[World]:
    """Install the chart, make all of it, wait until it answers; remove it afterwards (the chart stays)."""
    images = helm.built_images()
    system = Kubectl(helm.kubeconfig(), helm.NAMESPACE)
    system.apply(manifests.namespace(helm.NAMESPACE))
    helm.install(helm.image_values(images))
    kubectl = system.within(NAMESPACE)
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=240s", timeout=250)
    kubectl.apply(manifests.namespace(NAMESPACE))
    nodes = [n["metadata"]["name"] for n in kubectl.list("nodes", "!node-role.kubernetes.io/control-plane")]
    helpers = (manifests.store, store_proxy, asker)
    try:
        kubectl.apply(*(each for helper in helpers for each in helper(images, nodes[0])), store_secret())
        waits.until_ready_pods(kubectl, "helper", len(helpers))
        kubectl.apply(manifests.config_map(f"{NAME}-flow", FLOW), flow_deployment(medium))
        waits.until_condition(kubectl, "fd", NAME, "Ready", "True", timeout=120)
        waits.until_ready_pods(kubectl, f"{SERVER},app.kubernetes.io/instance={NAME}", PODS)
        yield World(kubectl, system, images, home=nodes[0], other=nodes[-1])
    finally:
        kubectl("delete", "fd", NAME, "--ignore-not-found", "--timeout=30s")
        waits.until_gone(kubectl, "pods", SERVER)
        kubectl("delete", "namespace", NAMESPACE, "--timeout=240s", timeout=250)
