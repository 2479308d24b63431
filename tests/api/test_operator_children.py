"""What the operator makes, keeps, repairs and leaves alone; with exactly the chart's rights."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import (
    RESYNC_SECONDS,
    Operator,
    eventually,
    flow_deployment,
    flow_monitor,
    grant_rights,
    requests,
)
from tests.api.operator_world import World

BACK_WITHIN_SECONDS = 2.0
NEVER = "600"
"""Seconds between resyncs: what comes back in these tests, the watches have seen."""
VISITS = 'flow_operator_reconcile_seconds_count{kind="FlowMonitor",result="success"}'
FIXED = ("Service/bot", "ServiceAccount/bot-server", "PodDisruptionBudget/bot", "Deployment/bot")
OF_MONITOR = ("CronJob/quality", "ConfigMap/quality-evaluator", "ServiceAccount/quality-evaluator")


@pytest.fixture(scope="module")
def operator(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    grant_rights(api)
    started = Operator(plane, api, tmp_path_factory.mktemp("operator"))
    with contextlib.closing(started):
        started.start(RESYNC_SECONDS=NEVER)
        yield started
        assert started.running, started.log_text()
        assert started.stop() == 0


@pytest.fixture
def resyncing(settled: World, operator: Operator) -> Iterator[Operator]:
    """The operator with a resync every two seconds, started after all was settled."""
    assert operator.stop() == 0
    operator.start()
    yield operator
    assert operator.stop() == 0
    operator.start(RESYNC_SECONDS=NEVER)


@pytest.fixture
def world(api: Api, namespace: str, operator: Operator) -> Iterator[World]:
    with contextlib.closing(World(api, namespace)) as made:
        yield made


@pytest.fixture
def settled(world: World) -> World:
    """A FlowDeployment and a FlowMonitor with all their children."""
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.create("FlowMonitor", flow_monitor(world.namespace))
    revision = world.revision()
    world.wait_children(
        *FIXED, *OF_MONITOR, f"ConfigMap/bot-{revision}", f"ConfigMap/bot-{revision}-settings"
    )
    world.wait_pods(revision, 3)
    world.wait_condition("FlowDeployment", "bot", "Ready", "False", "Unschedulable")
    return world


def test_every_child_belongs_to_its_resource(settled: World) -> None:
    owners = {
        name: (settled.get("FlowMonitor" if "quality" in name else "FlowDeployment", name) or {})
        for name in ("bot", "quality")
    }
    children = settled.children()
    assert len(children) == 9
    for name, child in children.items():
        owner = owners["quality" if "quality" in name else "bot"]
        assert [ref["uid"] for ref in child["metadata"]["ownerReferences"]] == [owner["metadata"]["uid"]]


@pytest.mark.parametrize("child", [*FIXED, *OF_MONITOR, "ConfigMap/bot-{}", "ConfigMap/bot-{}-settings"])
def test_a_deleted_child_is_back_within_two_seconds(settled: World, child: str) -> None:
    kind, name = child.format(settled.revision()).split("/")
    before = settled.get(kind, name) or {}
    settled.delete(kind, name)
    start = time.monotonic()

    def look() -> bool:
        live = settled.get(kind, name)
        return live is not None and live["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(look, BACK_WITHIN_SECONDS, f"{child} is not back after {BACK_WITHIN_SECONDS} s")
    assert time.monotonic() - start < BACK_WITHIN_SECONDS


def test_drift_is_repaired_and_a_foreign_field_is_left_alone(settled: World) -> None:
    template = {
        "metadata": {"annotations": {"example.com/injected": "yes"}},
        "spec": {"terminationGracePeriodSeconds": 7},
    }
    foreign = {"annotations": {"example.com/note": "mine"}}
    settled.patch("Deployment", "bot", {"metadata": foreign, "spec": {"replicas": 1, "template": template}})
    settled.patch("Service", "bot", {"spec": {"selector": {"app.kubernetes.io/instance": "else"}}})
    settled.patch("CronJob", "quality", {"spec": {"suspend": True, "schedule": "0 0 * * *"}})

    def repaired() -> bool:
        deployment = settled.get("Deployment", "bot") or {}
        service = settled.get("Service", "bot") or {}
        cron_job = settled.get("CronJob", "quality") or {}
        pod = deployment["spec"]["template"]["spec"]
        return (
            deployment["spec"]["replicas"] == 3
            and pod["terminationGracePeriodSeconds"] == 95
            and service["spec"]["selector"]["app.kubernetes.io/instance"] == "bot"
            and cron_job["spec"]["suspend"] is False
            and cron_job["spec"]["schedule"] == "0 6 * * 1"
        )

    eventually(repaired)
    deployment = settled.get("Deployment", "bot") or {}
    assert deployment["metadata"]["annotations"]["example.com/note"] == "mine"
    assert deployment["spec"]["template"]["metadata"]["annotations"]["example.com/injected"] == "yes"


def test_a_label_that_was_taken_away_comes_back(settled: World) -> None:
    settled.patch("Service", "bot", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})
    settled.wait_children("Service/bot")


def test_a_field_that_is_no_longer_wanted_goes(settled: World) -> None:
    change = {"spec": {"runtime": {"imagePullSecrets": [{"name": "registry"}], "env": [{"name": "A"}]}}}
    settled.patch("FlowDeployment", "bot", change)
    eventually(lambda: (settled.get("ServiceAccount", "bot-server") or {}).get("imagePullSecrets"))
    settled.patch("FlowDeployment", "bot", {"spec": {"runtime": {"imagePullSecrets": None, "env": None}}})
    eventually(lambda: not (settled.get("ServiceAccount", "bot-server") or {}).get("imagePullSecrets"))

    def gone() -> bool:
        server = (settled.get("Deployment", "bot") or {})["spec"]["template"]["spec"]["containers"][0]
        return "A" not in [each["name"] for each in server["env"]]

    eventually(gone)


def test_three_idle_resyncs_change_nothing(settled: World, plane: ControlPlane, resyncing: Operator) -> None:
    last, seen = time.monotonic(), -1
    while time.monotonic() - last < 3:  # settled: three seconds without a write
        if (count := len(list(requests(plane, settled.namespace)))) != seen:
            last, seen = time.monotonic(), count
        time.sleep(0.2)
    visits = (
        resyncing.metric('flow_operator_reconcile_seconds_count{kind="FlowMonitor",result="success"}') or 0
    )
    time.sleep(3.5 * RESYNC_SECONDS * 1.2)
    after = resyncing.metric(VISITS) or 0
    assert after - visits >= 3
    writes = [f"{each['verb']} {each['requestURI']}" for each in requests(plane, settled.namespace)]
    assert writes[seen:] == []


def test_a_change_of_replicas_or_suspension_rolls_no_pod(settled: World) -> None:
    revision = settled.revision()
    pods = {pod["metadata"]["uid"] for pod in settled.pods(revision)}
    settled.patch("FlowDeployment", "bot", {"spec": {"replicas": 4}})
    more = {pod["metadata"]["uid"] for pod in settled.wait_pods(revision, 4)}
    assert pods < more
    settled.patch("FlowDeployment", "bot", {"spec": {"suspend": True}})
    settled.wait_pods(revision, 0)
    settled.wait_condition("FlowDeployment", "bot", "Ready", "False", "Suspended")
    assert settled.revision() == revision


def test_an_edit_of_the_flow_makes_a_new_revision_and_keeps_the_old_copy(settled: World) -> None:
    old = settled.revision()
    settled.source(text="nodes: [1]\n")
    new = settled.wait_revision_after(old)
    children = settled.wait_children(f"ConfigMap/bot-{old}", f"ConfigMap/bot-{new}")
    assert children[f"ConfigMap/bot-{old}"]["data"]["flow.dag.yaml"] == "nodes: []\n"
    assert children[f"ConfigMap/bot-{new}"]["data"]["flow.dag.yaml"] == "nodes: [1]\n"


def test_the_copy_of_a_revision_goes_when_no_replica_set_has_it(settled: World) -> None:
    first = revision = settled.revision()
    settled.roll(first)
    for number in range(4):
        settled.source(text=f"nodes: [{number}, 2]\n")
        revision = settled.wait_revision_after(revision)
        settled.roll(revision)

    def only_what_is_used() -> bool:
        used = {
            each["metadata"]["labels"]["flowoperator.dev/revision"] for each in settled.every("ReplicaSet")
        }
        copies = {name for name in settled.children() if name.startswith("ConfigMap/bot-")}
        expected = {f"ConfigMap/bot-{each}{part}" for each in used for part in ("", "-settings")}
        return first not in used and revision in used and copies == expected

    eventually(only_what_is_used)


def test_deleting_the_flow_deployment_stops_the_monitor_and_says_so(settled: World) -> None:
    settled.delete("FlowDeployment", "bot")
    settled.wait_condition("FlowMonitor", "quality", "Scheduled", "False", "FlowDeploymentNotFound")
    eventually(lambda: settled.get("CronJob", "quality") is None)
    settled.create("FlowDeployment", flow_deployment(settled.namespace))
    settled.wait_condition("FlowMonitor", "quality", "Scheduled", "True", "Scheduled")
    settled.wait_children(*OF_MONITOR)


def test_nothing_is_judged_while_nothing_is_collected(settled: World) -> None:
    settled.patch("FlowDeployment", "bot", {"spec": {"collection": {"enabled": False}}})
    settled.wait_condition("FlowMonitor", "quality", "Scheduled", "False", "NothingCollected")
    eventually(lambda: settled.get("CronJob", "quality") is None)


def test_the_operator_was_never_refused_and_never_asked_for_a_secret(
    settled: World, plane: ControlPlane, operator: Operator
) -> None:
    text = plane.audit_log.read_text()
    ours = [line for line in text.splitlines() if ":flow-operator" in line]
    assert ours
    assert not [line for line in ours if '"code":403' in line]
    assert not [line for line in ours if '"resource":"secrets"' in line]
    assert not [line for line in operator.log() if line["level"] == "error"]


def test_a_pod_template_of_each_kind_passes_the_restricted_standard(
    world: World, kubectl: Any, operator: Operator
) -> None:
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    path = f"/api/v1/namespaces/{world.namespace}"
    assert world.api.call("PATCH", path, label, "application/merge-patch+json").code == 200
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.create("FlowMonitor", flow_monitor(world.namespace))
    world.wait_pods(world.revision(), 3)
    world.wait_children("CronJob/quality")
    kubectl("create", "job", "--from=cronjob/quality", "now", "-n", world.namespace)
    eventually(lambda: world.every("Pod", **{"batch.kubernetes.io/job-name": "now"}) or None)
