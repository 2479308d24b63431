"""An edit that breaks the flow never reaches what runs; mending it rolls through."""

import json
import time

from hack import helm
from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

REVISION = "flowoperator.dev/revision"
BROKEN = "def fetch_docs(query: str) -> str:\n    return this is no python\n"


def revision(pod: Manifest) -> str:
    return str(pod["metadata"]["labels"][REVISION])


def endpoints(world: World, ready: bool = True) -> set[str]:
    """Names of the pods that the Service sends requests to."""
    slices = world.kubectl.list("endpointslices", f"kubernetes.io/service-name={manifests.BOT}")
    return {
        endpoint["targetRef"]["name"]
        for each in slices
        for endpoint in each.get("endpoints") or []
        if endpoint["conditions"].get("ready") is ready
    }


def test_a_broken_edit_leaves_the_running_revision_alone_even_when_its_pods_restart(
    world: World, bot: str
) -> None:
    old = waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
    before = revision(old[0])
    world.kubectl.apply(resources.flow(f"{bot}-flow", fetch_docs=BROKEN))

    def broken_pod() -> str | None:
        newer = [p for p in world.kubectl.list("pods", world.pods_of()) if revision(p) != before]
        return newer[0]["metadata"]["name"] if newer else None

    new = waits.until("a pod of the broken revision", broken_pod, 30)
    told = waits.until(
        "a condition that names the error",
        lambda: names_the_error(world.kubectl.get("fd", bot) or {}),
        60,
    )
    assert "fetch_docs" in told

    selector = f"{world.pods_of()},{REVISION}={before}"
    for pod in old:
        world.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
        waits.until_ready_pods(world.kubectl, selector, 3)
        assert world.ask(40, 4) == expected(40, 4)
    fresh = waits.until_ready_pods(world.kubectl, selector, 3)
    assert not {p["metadata"]["uid"] for p in fresh} & {p["metadata"]["uid"] for p in old}
    assert endpoints(world) == {p["metadata"]["name"] for p in fresh}
    assert new not in endpoints(world)


def test_mending_the_flow_rolls_through_without_a_failed_request_or_a_lost_record(
    world: World, bot: str
) -> None:
    mended = resources.flow_files()["fetch_docs.py"].replace("dollars", "euros")
    with world.asking_all_the_time() as asked:
        world.kubectl.apply(resources.flow(f"{bot}-flow", fetch_docs=mended))
        waits.until(
            "answers of the new revision",
            lambda: all("euros" in reply for _, reply in world.ask(50, 6).values()),
            90,
            every=1,
        )
        waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
    assert asked["failures"] == []
    world.until_stored_once(asked["completed"])
    waits.until_condition(world.kubectl, "fd", bot, "Ready", "True")
    time.sleep(1)
    assert len({revision(p) for p in world.kubectl.list("pods", world.pods_of())}) == 1


def test_an_upgrade_of_the_operator_restarts_no_pod_and_says_that_a_newer_runtime_waits(
    world: World, bot: str
) -> None:
    before = {p["metadata"]["uid"] for p in waits.until_ready_pods(world.kubectl, world.pods_of(), 3)}
    values = helm.image_values(world.images)
    try:
        helm.install(values | {"runtime": {"image": "flow-runtime:of-tomorrow"}})
        told = waits.until_condition(world.kubectl, "fd", bot, "RuntimeOutdated", "True")
        assert "flow-runtime:of-tomorrow" in told["message"]
        assert {p["metadata"]["uid"] for p in world.kubectl.list("pods", world.pods_of())} == before
    finally:
        helm.install(values)
    waits.until_condition(world.kubectl, "fd", bot, "RuntimeOutdated", "False")
    assert {p["metadata"]["uid"] for p in world.kubectl.list("pods", world.pods_of())} == before


def test_kubectl_scale_sets_the_number_of_pods(world: World, bot: str) -> None:
    world.kubectl("scale", f"fd/{bot}", "--replicas=2")
    waits.until_ready_pods(world.kubectl, world.pods_of(), 2)
    world.kubectl("scale", f"fd/{bot}", "--replicas=3")
    waits.until_ready_pods(world.kubectl, world.pods_of(), 3)


def test_going_down_to_no_pod_under_load_loses_no_record(world: World, bot: str) -> None:
    def suspend(wanted: bool) -> None:
        world.kubectl("patch", "fd", bot, "--type=merge", "-p", json.dumps({"spec": {"suspend": wanted}}))

    with world.asking_all_the_time() as asked:
        time.sleep(2)
        suspend(True)
        waits.until_gone(world.kubectl, "pods", world.pods_of())
    suspend(False)
    assert len(asked["completed"]) > 50
    # Whoever got through to a pod was answered; then there was none to connect to.
    assert asked["kinds"]
    assert set(asked["kinds"]) <= {"0 ClientConnectorError", "0 ConnectionTimeoutError"}
    world.until_stored_once(asked["completed"])
    waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
    world.until_served(bot)


def names_the_error(live: Manifest) -> str | None:
    """The message of a condition that is not well and speaks of the broken file."""
    for condition in live.get("status", {}).get("conditions", []):
        if "fetch_docs" in condition.get("message", ""):
            return str(condition["message"])
    raise AssertionError(live.get("status", {}).get("conditions"))


def expected(first: int, count: int) -> dict[int, tuple[int, str]]:
    return {n: (200, f"The lantern {n} costs {10 + n} dollars. [doc1]") for n in range(first, first + count)}
