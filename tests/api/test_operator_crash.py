"""Killed at any moment, away while things change, or two at once: the end is the same."""

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import (
    NAMESPACE,
    Operator,
    eventually,
    flow_deployment,
    flow_monitor,
    grant_rights,
    requests,
)
from tests.api.operator_world import World

SEED = 20261122
KILLS_PER_STEP = 3
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/flow-operator"
_NOISE = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "ownerReferences")
_ASSIGNED = ("clusterIP", "clusterIPs")


@pytest.fixture
def operator(plane: ControlPlane, api: Api, namespace: str, tmp_path: Path) -> Iterator[Operator]:
    grant_rights(api)
    with contextlib.closing(Operator(plane, api, tmp_path, namespace)) as made:
        yield made


@pytest.fixture
def other_operator(plane: ControlPlane, api: Api, namespace: str, tmp_path: Path) -> Iterator[Operator]:
    """A second one, with a log of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    with contextlib.closing(Operator(plane, api, folder, namespace)) as made:
        yield made


@pytest.fixture
def world(api: Api, namespace: str) -> World:
    return World(api, namespace)


def holder(api: Api) -> object:
    return api.call("GET", LEASE).body.get("spec", {}).get("holderIdentity")


def wanted(world: World) -> dict[str, Any]:
    """Every child without what differs from namespace to namespace."""
    found: dict[str, Any] = {}
    for name, child in world.children().items():
        meta = {key: value for key, value in child["metadata"].items() if key not in _NOISE}
        annotations = meta.pop("annotations", {})
        meta["annotations"] = sorted(key for key in annotations if key.startswith("flowoperator.dev/"))
        rest = {key: value for key, value in child.items() if key not in ("metadata", "status")}
        spec = {key: value for key, value in rest.get("spec", {}).items() if key not in _ASSIGNED}
        text = json.dumps(rest | ({"spec": spec} if spec else {}) | {"metadata": meta})
        found[name] = json.loads(text.replace(world.namespace, "the-namespace"))
    return found


def steps(world: World) -> list[tuple[Callable[[], object], Callable[[], object]]]:
    """A life in four steps; each with what shows that it has come to its end."""

    def has_timeout(seconds: int) -> bool:
        deployment = world.get("Deployment", "bot") or {"spec": {"template": {"spec": {}}}}
        grace = deployment["spec"]["template"]["spec"].get("terminationGracePeriodSeconds")
        return bool(grace == seconds + 35)

    def begin() -> None:
        world.source()
        world.create("FlowDeployment", flow_deployment(world.namespace))
        world.create("FlowMonitor", flow_monitor(world.namespace))

    def change_spec() -> None:
        world.patch("FlowDeployment", "bot", {"spec": {"runtime": {"requestTimeoutSeconds": 90}}})
        world.patch("FlowMonitor", "quality", {"spec": {"schedule": "0 7 * * *"}})

    def lose_children() -> None:
        world.delete("Service", "bot")
        world.delete("CronJob", "quality")
        world.patch("Deployment", "bot", {"spec": {"replicas": 1}})

    def found_again() -> bool:
        deployment = world.get("Deployment", "bot") or {}
        return bool(
            world.get("Service", "bot")
            and (world.get("CronJob", "quality") or {}).get("spec", {}).get("schedule") == "0 7 * * *"
            and deployment["spec"]["replicas"] == 3
        )

    return [
        (begin, lambda: world.wait_pods(world.revision(), 3) and world.wait_children("CronJob/quality")),
        (change_spec, lambda: eventually(lambda: has_timeout(90))),
        (lambda: world.source(text="nodes: [1]\n"), lambda: _second_copy(world)),
        (lose_children, lambda: eventually(found_again)),
    ]


def _second_copy(world: World) -> None:
    """Three ReplicaSets: each of the three revisions so far has come to be."""
    eventually(lambda: len(world.every("ReplicaSet")) == 3)


def settle(world: World, plane: ControlPlane) -> dict[str, Any]:
    """Wait until the operator has made no change for four seconds, two resyncs among them."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 5:
        if (now := len(list(requests(plane, world.namespace)))) != count:
            count, since = now, time.monotonic()
        time.sleep(0.2)
    return wanted(world)


@pytest.mark.timeout(300)
def test_killed_at_random_moments_it_ends_where_an_undisturbed_one_does(
    plane: ControlPlane, api: Api, world: World, operator: Operator, tmp_path: Path
) -> None:
    other = f"{world.namespace}-calm"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": other}})
    calm_folder = tmp_path / "calm"
    calm_folder.mkdir()
    calm = World(api, other)
    with contextlib.closing(Operator(plane, api, calm_folder, other)) as undisturbed:
        undisturbed.start()
        for step, ended in steps(calm):
            step()
            ended()
        expected = settle(calm, plane)
        assert undisturbed.stop() == 0

    moments = random.Random(SEED)
    operator.start()
    kills = 0
    for step, ended in steps(world):
        step()
        for _ in range(KILLS_PER_STEP):
            time.sleep(moments.uniform(0.0, 2.5))
            operator.kill()
            operator.start()
            kills += 1
        ended()
    assert kills == 12
    assert settle(world, plane) == expected
    assert operator.stop() == 0


def test_children_go_with_their_resource_while_the_operator_is_away(world: World, operator: Operator) -> None:
    world.source()
    operator.start()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.create("FlowMonitor", flow_monitor(world.namespace))
    world.wait_pods(world.revision(), 3)
    world.wait_children("CronJob/quality")
    operator.kill()
    assert "finalizers" not in (world.get("FlowDeployment", "bot") or {})["metadata"]
    world.delete("FlowDeployment", "bot")
    world.delete("FlowMonitor", "quality")
    eventually(lambda: not world.children() and not world.every("Pod"))
    assert world.get("ConfigMap", "bot") is not None  # the user's own


def test_what_changed_while_it_was_away_is_caught_up_with(world: World, operator: Operator) -> None:
    world.source()
    operator.start()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.wait_pods(world.revision(), 3)
    old = world.revision()
    assert operator.stop() == 0
    world.source(text="nodes: [1]\n")
    world.delete("Service", "bot")
    operator.start()
    world.wait_children("Service/bot")
    assert world.wait_revision_after(old)
    operator.stop()


def test_a_newer_release_rolls_no_pod_until_the_spec_changes(
    plane: ControlPlane, world: World, operator: Operator
) -> None:
    world.source()
    operator.start()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.create("FlowMonitor", flow_monitor(world.namespace))
    revision = world.revision()
    pods = {pod["metadata"]["uid"] for pod in world.wait_pods(revision, 3)}
    world.wait_condition("FlowDeployment", "bot", "RuntimeOutdated", "False", "Current")
    operator.stop()
    newer = "registry.example.com/flow-runtime:2"
    operator.start(RUNTIME_IMAGE=newer)
    found = world.wait_condition("FlowDeployment", "bot", "RuntimeOutdated", "True", "OlderRuntime")
    assert newer in found["message"]
    settle(world, plane)
    assert {pod["metadata"]["uid"] for pod in world.pods(revision)} == pods
    # Drift of the kept template is repaired all the same.
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 9}}}}
    world.patch("Deployment", "bot", change)
    eventually(lambda: _pod_spec(world)["terminationGracePeriodSeconds"] == 95)
    # The judging image follows the release; the serving one follows the next change of the spec.
    job = (world.get("CronJob", "quality") or {})["spec"]["jobTemplate"]["spec"]
    assert job["template"]["spec"]["containers"][0]["image"] == newer
    world.patch("FlowDeployment", "bot", {"spec": {"runtime": {"requestTimeoutSeconds": 30}}})
    eventually(lambda: _pod_spec(world)["containers"][0]["image"] == newer)
    world.wait_condition("FlowDeployment", "bot", "RuntimeOutdated", "False", "Current")
    operator.stop()


def _pod_spec(world: World) -> dict[str, Any]:
    spec: dict[str, Any] = (world.get("Deployment", "bot") or {})["spec"]["template"]["spec"]
    return spec


def test_a_standby_takes_over_at_once_when_the_lease_is_given_back(
    api: Api, world: World, operator: Operator, other_operator: Operator
) -> None:
    operator.start()
    eventually(lambda: holder(api) == "flow-operator-0")
    other_operator.start(POD_NAME="flow-operator-1")
    eventually(lambda: [line["message"] for line in other_operator.log()] == ["waiting for the lease"])
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.wait_children("Deployment/bot")
    assert operator.stop() == 0
    eventually(lambda: holder(api) == "flow-operator-1", 12)  # its end is 15 s away
    world.delete("Service", "bot")
    world.wait_children("Service/bot")
    assert other_operator.stop() == 0


def test_a_lost_lease_ends_the_process(api: Api, world: World, operator: Operator) -> None:
    operator.start()
    eventually(lambda: holder(api) == "flow-operator-0")
    stolen = {"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 1}}
    assert api.call("PATCH", LEASE, stolen, "application/merge-patch+json").code == 200
    eventually(lambda: not operator.running)
    assert operator.log()[-1]["message"] == "lost the lease"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RESYNC_SECONDS", "soon", "FLOW_OPERATOR_RESYNC_SECONDS"),
        ("RUNTIME_IMAGE", "", "FLOW_OPERATOR_RUNTIME_IMAGE"),
        ("CLUSTER_NAME", "../../etc", "FLOW_OPERATOR_CLUSTER_NAME"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_started(
    operator: Operator, name: str, value: str, said: str
) -> None:
    operator.start(**{name: value})
    eventually(lambda: not operator.running)
    assert said in operator.log_text()
    assert "Traceback" not in operator.log_text()
