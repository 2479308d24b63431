"""Retention of a FlowDeployment against a real API server: made, changed, run, told of, and taken away."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import Operator, eventually, flow_deployment, grant_rights
from tests.api.operator_world import World

STORE = {"url": "s3://records/team", "secretRef": {"name": "store"}}
CHILDREN = ("CronJob/bot-retention", "ConfigMap/bot-retention", "ServiceAccount/bot-retention")


@pytest.fixture(scope="module")
def operator(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    grant_rights(api)
    started = Operator(plane, api, tmp_path_factory.mktemp("operator"))
    with contextlib.closing(started):
        started.start()
        yield started
        assert started.running, started.log_text()


@pytest.fixture
def world(api: Api, namespace: str, operator: Operator) -> Iterator[World]:
    with contextlib.closing(World(api, namespace)) as made:
        made.source()
        made.create("FlowDeployment", flow_deployment(namespace, collection={"store": STORE}))
        made.revision()
        yield made


def keep(world: World, **fields: Any) -> None:
    world.patch("FlowDeployment", "bot", {"spec": {"collection": fields}})


def retention(world: World) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        (world.get("FlowDeployment", "bot") or {}).get("status", {}).get("retention")
    )
    return found


def run(world: World, kubectl: Any, name: str, code: int, finished: str, **more: Any) -> None:
    """Start a run by hand, as a user does, and let its pod end."""
    kubectl("create", "job", "--from=cronjob/bot-retention", name, "-n", world.namespace)
    pods = eventually(lambda: world.every("Pod", **{"batch.kubernetes.io/job-name": name}))
    times = {"started": finished, "finished": finished, "before": "2026-10-24T03:00:00Z"}
    message = json.dumps(times | {"dry_run": False} | more)
    world.finish_pod(pods[0]["metadata"]["name"], message, finished, code, container="retention")


def test_it_comes_changes_and_goes_with_the_days_and_no_pod_rolls(world: World) -> None:
    revision = world.revision()
    assert not set(CHILDREN) & set(world.children())
    keep(world, retentionDays=30)
    made = world.wait_children(*CHILDREN)
    assert json.loads(made[CHILDREN[1]]["data"]["retention.json"])["days"] == 30
    keep(world, retentionDays=7, retentionDryRun=True)

    def changed() -> bool:
        data = (world.get("ConfigMap", "bot-retention") or {})["data"]["retention.json"]
        return (json.loads(data)["days"], json.loads(data)["dry_run"]) == (7, True)

    eventually(changed)
    world.patch("FlowDeployment", "bot", {"spec": {"suspend": True}})
    eventually(lambda: (world.get("CronJob", "bot-retention") or {})["spec"]["suspend"])
    keep(world, retentionDays=None, retentionDryRun=None)
    eventually(lambda: not set(CHILDREN) & set(world.children()))
    assert world.revision() == revision
    assert len([name for name in world.children() if name.endswith("-settings")]) == 1


def test_a_cron_job_of_somebody_else_is_never_taken(world: World) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    world.create("CronJob", {"metadata": {"name": "bot-retention"}, "spec": spec})
    keep(world, retentionDays=30)
    found = world.wait_condition("FlowDeployment", "bot", "Accepted", "False", "NameConflict")
    assert "CronJob bot-retention already exists" in found["message"]
    keep(world, retentionDays=None)
    world.wait_condition("FlowDeployment", "bot", "Accepted", "True", "Accepted")
    assert (world.get("CronJob", "bot-retention") or {})["spec"]["schedule"] == "@daily"


def test_what_a_run_did_is_in_the_status_and_a_failure_is_an_event(world: World, kubectl: Any) -> None:
    keep(world, retentionDays=30)
    world.wait_children(*CHILDREN)
    run(world, kubectl, "good", 0, "2026-11-22T06:10:00Z", objects=12, rows=480)
    found = eventually(lambda: retention(world))
    assert (found["job"], found["deletedObjects"], found["deletedRows"]) == ("good", 12, 480)
    refused = {"problem": "ClockImplausible", "message": "nothing was deleted"}
    run(world, kubectl, "bad", 3, "2026-11-22T07:10:00Z", **refused)
    eventually(lambda: (retention(world) or {}).get("reason") == "ClockImplausible")
    event = eventually(lambda: [each for each in world.every("Event") if each["reason"] == "RetentionFailed"])
    assert "nothing was deleted" in event[0]["note"]
    # No second attempt: it would trust the clock.
    failed = (world.get("Job", "bad") or {})["status"]["conditions"]
    assert "PodFailurePolicy" in [each["reason"] for each in failed]
    keep(world, retentionDays=None)
    eventually(lambda: retention(world) is None)
