"""What the operator says of records that pods took with them: once each, whoever restarts, and never as 0."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import Operator, eventually, flow_deployment, grant_rights
from tests.api.operator_world import StateServer, World

COUNTS = {"captured": 10, "dropped": {"spool_full": 1}, "unsampled": 2, "stored": 7}
WORD = {
    "records": 3,
    "first_segment": 6,
    "last_segment": 7,
    "reason": "StoreUnreachable",
    "counts": COUNTS | {"captured": 14, "stored": 11},
}
ADDRESS = "127.77.3.1"


@pytest.fixture(scope="module")
def operator(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    grant_rights(api)
    started = Operator(plane, api, tmp_path_factory.mktemp("operator"))
    with contextlib.closing(started):
        started.start()
        yield started


@pytest.fixture
def world(api: Api, namespace: str, operator: Operator) -> Iterator[World]:
    with contextlib.closing(World(api, namespace)) as made:
        answer = {"revision": "x", "ready": True, "reason": "Ready", "collection": COUNTS}
        with StateServer(ADDRESS, json.dumps(answer).encode()):
            yield made


def collection(world: World) -> dict[str, Any]:
    status = (world.get("FlowDeployment", "bot") or {}).get("status", {})
    found: dict[str, Any] = status.get("collection", {})
    return found


def run_all(world: World, revision: str) -> list[str]:
    """Let three pods run and be asked."""

    def ready() -> list[str] | None:
        names = [each["metadata"]["name"] for each in world.pods(revision) if "deletionTimestamp" not in each]
        for pod in world.pods(revision):
            if pod["status"].get("phase") == "Pending":
                world.run_pod(pod["metadata"]["name"], ADDRESS, ready=True)
        asked = {entry["name"] for entry in collection(world).get("pods", ()) if "counts" in entry}
        return names if len(names) == 3 and set(names) == asked else None

    return eventually(ready)


def end_collector(world: World, pod: str, message: str, **status: str) -> None:
    """Say what a kubelet would say of a collector that has ended."""
    ended = {"exitCode": 0, "finishedAt": "2026-11-22T12:00:00Z", "message": message}
    container = {
        "name": "collector",
        "image": "i",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": ended},
    }
    world.patch("Pod", pod, {"status": {"initContainerStatuses": [container]} | status}, "status")


def events(world: World, reason: str) -> list[str]:
    return [each["note"] for each in world.every("Event") if each["reason"] == reason]


def lost(world: World, records: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = collection(world)
        return found if found.get("lost", {}).get("records") == records else None

    return eventually(look, what=str(collection(world)))


def test_each_pods_loss_is_told_and_counted_once_across_a_restart_and_a_second_telling(
    world: World, operator: Operator
) -> None:
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    revision = world.revision()
    first, second, _ = run_all(world, revision)
    assert {
        key: collection(world)[key] for key in ("captured", "dropped", "unsampled", "stored", "waiting")
    } == {
        "captured": 30,
        "dropped": 3,
        "unsampled": 6,
        "stored": 21,
        "waiting": 9,
    }
    # Deleted: its object is gone at once, and only the watch has its last word.
    end_collector(world, first, json.dumps(WORD))
    world.delete("Pod", first)
    found = lost(world, 3)
    assert found["lost"]["lastPod"] == first
    assert (found["lost"]["segments"], found["lost"]["reason"]) == ("6-7", "StoreUnreachable")
    world.wait_condition("FlowDeployment", "bot", "Collecting", "False", "RecordsLost")
    # Evicted: its object stays, and goes later.
    end_collector(world, second, json.dumps(WORD), phase="Failed")
    lost(world, 6)
    operator.stop()
    operator.start()
    world.delete("Pod", second)
    run_all(world, revision)
    found = lost(world, 6)
    # Two that came to 14 each, and three present ones with 10 each.
    assert (found["captured"], found["stored"], found["departed"]["lost"]) == (58, 43, 6)
    told = events(world, "RecordsLost")
    assert sorted(note.split(" (uid")[0] for note in told) == sorted([f"pod {first}", f"pod {second}"])
    assert all(
        "went away with 3 records in segments 6-7 not stored: StoreUnreachable" in note for note in told
    )
    series = f'flow_collection_records_lost_total{{deployment="bot",namespace="{world.namespace}"}}'
    eventually(lambda: operator.metric(series) == 6)


def test_a_pod_without_a_true_last_word_is_unaccounted_for_and_not_lost(
    world: World, operator: Operator
) -> None:
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    revision = world.revision()
    hostile, unseen, _ = run_all(world, revision)
    end_collector(world, hostile, "\x1b[31m{\u202e" + "A" * 3000)
    world.delete("Pod", hostile)
    eventually(lambda: "unaccounted" in collection(world))
    operator.stop()
    world.delete("Pod", unseen)
    operator.start()
    found = eventually(lambda: found if (found := collection(world))["unaccounted"]["pods"] == 2 else None)
    assert (found["unaccounted"]["records"], found["unaccounted"]["lastPod"]) == (6, unseen)
    assert found["lost"]["records"] == 0
    told = events(world, "RecordsUnaccounted")
    assert sorted(note.split(" (uid")[0] for note in told) == sorted([f"pod {hostile}", f"pod {unseen}"])
    assert all("3 records had not been stored" in note and "is not known" in note for note in told)
    text = json.dumps(world.get("FlowDeployment", "bot"), ensure_ascii=False)
    assert not {"\x1b", "\u202e"} & set(text)
    assert not [line for line in operator.log() if line["level"] == "error"]
