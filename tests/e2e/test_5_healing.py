"""What is deleted, killed or drained comes back, and the flow keeps answering."""

import subprocess
import time

import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

OPERATOR = "app.kubernetes.io/name=flow-operator"
CHILDREN = "deployments,services,serviceaccounts,configmaps,pdb,cronjobs"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("service", manifests.BOT), ("deployment", manifests.BOT), ("cronjob", manifests.MONITOR)],
)
def test_a_deleted_child_is_back_within_two_seconds(world: World, bot: str, kind: str, name: str) -> None:
    old = world.kubectl.get(kind, name) or {}
    world.kubectl("delete", kind, name, "--wait=false")
    deleted = time.monotonic()

    def look() -> Manifest | None:
        live = world.kubectl.get(kind, name)
        return live if live and live["metadata"]["uid"] != old["metadata"]["uid"] else None

    waits.until(f"a new {kind} {name}", look, 2, every=0.05)
    assert time.monotonic() - deleted <= 2
    waits.until_condition(world.kubectl, "fd", bot, "Ready", "True")
    waits.until_ready_pods(world.kubectl, world.pods_of(), 3)


def children(world: World, name: str) -> list[str]:
    """The children of a resource as kind, name and owner, without what differs by time."""
    found = world.kubectl.list(CHILDREN, f"app.kubernetes.io/instance={name}")
    return sorted(
        " ".join(
            (
                m["kind"],
                m["metadata"]["name"].replace(name, "NAME"),
                m["metadata"]["ownerReferences"][0]["kind"],
            )
        )
        for m in found
    )


def running_operator(world: World, not_this: str = "") -> tuple[str, str]:
    """Wait until the operator runs, in another container than `not_this`; returns its node and container."""

    def look() -> tuple[str, str]:
        (pod,) = world.system.list("pods", OPERATOR)
        (container,) = pod["status"].get("containerStatuses", [{}])
        found = container.get("containerID", "").removeprefix("containerd://")
        assert container.get("ready"), container
        assert found != not_this, "the killed one is still in the status"
        return pod["spec"]["nodeName"], found

    return waits.until("a running operator", look, 60)


def kill_operator(node: str, container: str) -> None:
    """SIGKILL to the operator's process, from its node: no Lease is given back, nothing is finished."""
    kill = ["ctr", "-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL", container]
    subprocess.run(["docker", "exec", node, *kill], check=True, timeout=20)


def made(world: World, name: str, killed_after: float | None) -> tuple[list[str], dict[str, str]]:
    """Make a FlowDeployment and a FlowMonitor, kill the operator at some moment; returns the end state."""
    node, container = running_operator(world)
    world.kubectl.apply(
        resources.flow(f"{name}-flow"),
        resources.flow_deployment(name, replicas=1),
        resources.flow_monitor(f"{name}-m", flowDeploymentRef={"name": name}),
    )
    if killed_after is not None:
        time.sleep(killed_after)
        kill_operator(node, container)
        running_operator(world, not_this=container)
    waits.until_condition(world.kubectl, "fd", name, "Ready", "True", timeout=120)
    waits.until_condition(world.kubectl, "fm", f"{name}-m", "Scheduled", "True", timeout=60)
    live = world.kubectl.get("fd", name) or {}
    conditions = {c["type"]: c["status"] for c in live["status"]["conditions"] if c["type"] != "Collecting"}
    return children(world, name) + children(world, f"{name}-m"), conditions


def test_killing_the_operator_at_any_moment_leaves_the_same_end_state(world: World, bot: str) -> None:
    reference = made(world, "calm", None)
    assert len(reference[0]) >= 8, reference
    for number, moment in enumerate((0.0, 0.4, 2.0)):
        assert made(world, f"kill{number}", moment) == reference, f"killed after {moment} s"
    for name in ("calm", "kill0", "kill1", "kill2"):
        world.kubectl("delete", "fd", name)
        world.kubectl("delete", "fm", f"{name}-m")


def test_a_run_that_ends_while_the_operator_is_dead_is_told_by_the_next_one(
    world: World, traffic: object
) -> None:
    world.kubectl("create", "job", f"--from=cronjob/{manifests.MONITOR}", "unseen")
    kill_operator(*running_operator(world))
    world.system("delete", "pod", "-l", OPERATOR, "--force", "--grace-period=0")
    waits.until(
        "the run in the status",
        lambda: "unseen" in str((world.kubectl.get("fm", manifests.MONITOR) or {})["status"].get("lastRun")),
        90,
        every=1,
    )


def test_draining_a_worker_keeps_the_service_answering_and_loses_no_record(world: World, bot: str) -> None:
    waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
    with world.asking_all_the_time() as asked:
        try:
            world.kubectl(
                "drain",
                world.other,
                "--ignore-daemonsets",
                "--delete-emptydir-data",
                "--timeout=120s",
                timeout=130,
            )
            pods = waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
            assert {p["spec"]["nodeName"] for p in pods} == {world.home}
        finally:
            world.kubectl("uncordon", world.other)
    assert asked["sent"] > 100
    assert asked["failures"] == []
    world.until_stored_once(asked["completed"])
