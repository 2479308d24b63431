"""Records on a volume: written by the pods' own user, hidden from the server, judged and deleted there."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.e2e import resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

NAME = "shelf"
VOLUME, FOLDER = "flow-e2e-shelf", "/var/lib/flow-e2e-shelf"
USER = 10001
OLD = datetime.now(UTC) - timedelta(days=40)
ROOT = "/store-volume"
LIST = f"""
import json, os, pathlib
root = pathlib.Path({ROOT!r})
def of(path):
    return path.stat().st_uid, path.stat().st_gid
files = {{str(path.relative_to(root)): of(path) for path in root.rglob("*") if path.is_file()}}
print(json.dumps({{"root": of(root), "files": files}}))
"""


def on_node(world: World, *command: str) -> None:
    subprocess.run(["docker", "exec", world.home, *command], check=True, timeout=20)


def volume(world: World) -> tuple[Manifest, Manifest]:
    """A folder of one node as a PersistentVolume, which brings its users to that node; and its claim."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [world.home]}
    usual = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    kept = usual | {
        "capacity": {"storage": "64Mi"},
        "claimRef": {"name": NAME, "namespace": world.kubectl.namespace},
        "local": {"path": FOLDER},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
    }
    claim = usual | {"volumeName": VOLUME, "resources": {"requests": {"storage": "64Mi"}}}
    return (
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": VOLUME}, "spec": kept},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": NAME}, "spec": claim},
    )


@pytest.fixture(scope="module")
def shelf(world: World) -> Iterator[World]:
    """A FlowDeployment with records on a volume that is root's alone, and its FlowMonitor; six answers."""
    kubectl = world.kubectl
    kubectl("delete", "pv", VOLUME, "--ignore-not-found", "--timeout=30s")
    on_node(world, "rm", "-rf", FOLDER)
    on_node(world, "install", "-d", "-m", "0700", "-o", "root", "-g", "root", FOLDER)
    store = {"url": "file:///records", "persistentVolumeClaim": {"claimName": NAME}}
    collection = {
        "store": store,
        "spool": {"segmentSeconds": 5},
        "retentionDays": 30,
        "retentionDryRun": False,
    }
    kubectl.apply(
        *volume(world),
        resources.flow(f"{NAME}-flow"),
        resources.flow_deployment(NAME, replicas=2, collection=collection),
        resources.flow_monitor(NAME, flowDeploymentRef={"name": NAME}),
    )
    world.until_served(NAME)
    answers = world.ask(1, 6, NAME)
    assert {status for status, _ in answers.values()} == {200}
    yield world
    kubectl("delete", "fd,fm", NAME, "--timeout=30s")
    waits.until_gone(kubectl, "pods", world.pods_of(NAME))
    kubectl("delete", "pvc", NAME, "--timeout=30s")
    kubectl("delete", "pv", VOLUME, "--timeout=30s")
    on_node(world, "rm", "-rf", FOLDER)


def within(world: World, container: str, code: str) -> str:
    """Run Python in a container of one of the pods."""
    pod = world.kubectl.list("pods", world.pods_of(NAME))[0]["metadata"]["name"]
    return world.kubectl("exec", pod, "-c", container, "--", "python3", "-c", code)


def kept(world: World) -> dict[str, Any]:
    """What is on the volume, as the collector sees it: owner and group of its root and of each file."""
    found: dict[str, Any] = json.loads(within(world, "collector", LIST))
    return found


def rows(files: dict[str, Any]) -> int:
    names = [name for name in files if "/records/date=" in name]
    return sum(int(name.removesuffix(".jsonl.gz").rsplit("-", 1)[1]) for name in names)


@pytest.fixture(scope="module")
def collected(shelf: World) -> dict[str, Any]:
    """The volume with all six records."""

    def look() -> dict[str, Any]:
        found = kept(shelf)
        assert rows(found["files"]) == 6, found
        return found

    return waits.until("six records on the volume", look, 30, every=1)


def test_records_are_on_the_volume_as_files_of_the_pods_user_whom_the_group_lets_in(
    shelf: World, collected: dict[str, Any]
) -> None:
    assert collected["root"] == [0, USER]
    assert set(map(tuple, collected["files"].values())) == {(USER, USER)}
    begin = f"records/default/{shelf.kubectl.namespace}/{NAME}/records/date="
    assert all(name.startswith(begin) for name in collected["files"])
    waits.until_condition(shelf.kubectl, "fd", NAME, "Collecting", "True")


def test_the_server_does_not_see_the_volume(shelf: World, collected: dict[str, Any]) -> None:
    code = f"import os; print(os.path.exists({ROOT!r}), {ROOT!r} in open('/proc/mounts').read())"
    assert within(shelf, "server", code).split() == ["False", "False"]
    assert within(shelf, "collector", code).split() == ["True", "True"]


def test_a_monitor_reads_the_records_there_and_puts_its_report_beside_them(
    shelf: World, collected: dict[str, Any]
) -> None:
    live = shelf.run_now(NAME, "shelf-judged")
    assert {m["passed"] + m["failed"] for m in live["status"]["metrics"]} == {6}
    files = kept(shelf)["files"]
    owners = {PurePosixPath(name).name: owner for name, owner in files.items() if "/evaluations/" in name}
    assert {"report.json", "report.html", "plan.json", "judgements.jsonl.gz"} <= set(owners)
    assert all(owner == [USER, USER] for owner in owners.values())


def test_retention_deletes_there(shelf: World, collected: dict[str, Any]) -> None:
    base = f"{ROOT}/records/default/{shelf.kubectl.namespace}/{NAME}/records"
    old = f"{base}/date={OLD:%Y-%m-%d}/hour={OLD:%H}"
    code = f"import os; os.makedirs({old!r}); open({old + '/0f1e-00000001-40.jsonl.gz'!r}, 'w').close()"
    within(shelf, "collector", code)
    cron_job = f"cronjob/{NAME}-retention"
    shelf.kubectl("create", "job", f"--from={cron_job}", "shelf-cleared")

    def look() -> dict[str, Any]:
        told = (shelf.kubectl.get("fd", NAME) or {}).get("status", {}).get("retention", {})
        assert told.get("job") == "shelf-cleared", told
        found: dict[str, Any] = told
        return found

    told = waits.until("what it did in the status", look, 60)
    assert (told["deletedObjects"], told["deletedRows"]) == (1, 40)
    assert rows(kept(shelf)["files"]) == 6
