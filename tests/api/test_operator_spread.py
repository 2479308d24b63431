"""Where the real scheduler puts the pods, on two nodes that exist on paper only."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import IMAGE, Operator, eventually, flow_deployment, grant_rights
from tests.api.operator_world import MERGE, World

NODES = "/api/v1/nodes"
ROOM = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
MORE_ROOM = ROOM | {"cpu": "64", "memory": "256Gi"}


@pytest.fixture
def nodes(api: Api) -> Iterator[list[str]]:
    """Two nodes, of which everything but spreading speaks for the first: it is emptier and has the image."""
    image = {"names": [IMAGE], "sizeBytes": 900_000_000}
    names = ["roomy", "small"]
    for name, room, images in (("roomy", MORE_ROOM, [image]), ("small", ROOM, [])):
        api.call("POST", NODES, {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
        ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}]
        status = {"capacity": room, "allocatable": room, "conditions": ready, "images": images}
        answer = api.call("PATCH", f"{NODES}/{name}/status", {"status": status}, MERGE)
        assert answer.code == 200, answer.message
        eventually(lambda name=name: not api.call("GET", f"{NODES}/{name}").body["spec"].get("taints"))
    yield names
    for name in names:
        api.call("DELETE", f"{NODES}/{name}")


@pytest.fixture
def world(plane: ControlPlane, api: Api, namespace: str, nodes: list[str], tmp_path: Path) -> Iterator[World]:
    grant_rights(api)
    made = World(api, namespace)
    with contextlib.closing(Operator(plane, api, tmp_path, namespace)) as operator:
        operator.start()
        yield made
        operator.stop()
    made.delete("FlowDeployment", "bot")
    # No kubelet will ever say that they have ended.
    for pod in made.every("Pod"):
        api.call("DELETE", made.path("Pod", pod["metadata"]["name"]), {"gracePeriodSeconds": 0})


def places(world: World, revision: str, count: int) -> Counter[str]:
    def scheduled() -> Counter[str] | None:
        found = [pod["spec"].get("nodeName") for pod in world.pods(revision)]
        return Counter(found) if len(found) == count and all(found) else None

    return eventually(scheduled)


def test_three_pods_use_both_nodes_and_so_do_those_of_the_next_revision(world: World) -> None:
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    old = world.revision()
    assert sorted(places(world, old, 3).values()) == [1, 2]
    world.roll(old, on_nodes=True)
    world.source(text="nodes: [1]\n")
    new = world.wait_revision_after(old)
    world.roll(new, on_nodes=True)
    assert sorted(places(world, new, 3).values()) == [1, 2]


def test_a_full_or_drained_node_keeps_no_pod_from_running(world: World, api: Api) -> None:
    full: dict[str, Any] = {"spec": {"unschedulable": True}}
    assert api.call("PATCH", f"{NODES}/small", full, MERGE).code == 200
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    assert places(world, world.revision(), 3) == {"roomy": 3}
