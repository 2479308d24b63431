"""Old records go by a Job of the CronJob that the operator made; a dry run before it only tells."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import obstore
import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.world import World

NAME = "keeper"
STORE = {"url": f"s3://{manifests.BUCKET}/flows", "secretRef": {"name": "store"}}
NOW = datetime.now(UTC)


def partition(days_ago: int) -> str:
    moment = NOW - timedelta(days=days_ago)
    return f"records/date={moment:%Y-%m-%d}/hour={moment:%H}/0f1e-00000001-40.jsonl.gz"


@pytest.fixture
def keeper(world: World) -> Iterator[str]:
    """A FlowDeployment without pods; its bucket holds records of 40 and of 20 days ago, and a note."""
    collection = {"store": STORE, "retentionDays": 30, "retentionDryRun": True}
    world.kubectl.apply(
        resources.flow(f"{NAME}-flow"),
        resources.flow_deployment(NAME, replicas=0, collection=collection),
    )
    root = world.stored_by(NAME)
    with world.bucket() as store:
        for name in (partition(40), partition(20), f"{partition(40).rpartition('/')[0]}/note.txt"):
            obstore.put(store, f"{root}/{name}", b"x")
        # Another deployment's, whose name only begins the same.
        obstore.put(store, f"{world.stored_by('keeper-2')}/{partition(40)}", b"x")
    yield NAME
    world.kubectl("delete", "fd", NAME, "--timeout=30s")


def stored(world: World) -> set[str]:
    root = world.stored_by(NAME)
    with world.bucket() as store:
        found = {entry["path"] for page in obstore.list(store, root) for entry in page}
        twin = [e for page in obstore.list(store, world.stored_by("keeper-2")) for e in page]
    assert len(twin) == 1
    return {name.removeprefix(f"{root}/") for name in found} - {"retention/clock"}


def run(world: World, job: str) -> dict[str, Any]:
    """Start it now, as the docs say; what the status tells of it."""
    cron_job = f"{NAME}-retention"
    waits.until("the CronJob", lambda: world.kubectl.get("cronjob", cron_job), 30)
    world.kubectl("create", "job", f"--from=cronjob/{cron_job}", job)

    def look() -> dict[str, Any] | None:
        told = (world.kubectl.get("fd", NAME) or {}).get("status", {}).get("retention", {})
        assert told.get("job") == job, told
        found: dict[str, Any] = told
        return found

    return waits.until(f"what {job} did in the status", look, 60)


def trying(world: World) -> bool:
    settings = (world.kubectl.get("configmap", f"{NAME}-retention") or {})["data"]["retention.json"]
    return bool(json.loads(settings)["dry_run"])


def test_old_partitions_go_after_a_dry_run_has_told_which(world: World, keeper: str) -> None:
    before = stored(world)
    told = run(world, "keeper-try")
    assert (told["dryRun"], told["deletedObjects"], told["deletedRows"]) == (True, 1, 40)
    assert stored(world) == before
    change = json.dumps({"spec": {"collection": {"retentionDryRun": False}}})
    world.kubectl("patch", "fd", keeper, "--type=merge", "-p", change)
    waits.until("settings without the dry run", lambda: not trying(world), 30)
    told = run(world, "keeper-now")
    assert (told["dryRun"], told["deletedObjects"], told["deletedRows"]) == (False, 1, 40)
    assert told["foreignObjects"] == 1
    assert "reason" not in told
    assert stored(world) == before - {partition(40)}
