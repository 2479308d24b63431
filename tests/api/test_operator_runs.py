"""How the result of a run gets from a pod's termination message into status, Events and metrics."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from flow_operator.api.flowmonitor_status import CONDITIONS
from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api, Manifest
from tests.api.operator_process import Operator, eventually, flow_deployment, flow_monitor, grant_rights
from tests.api.operator_world import World

FINISHED = "2026-11-22T06:10:00Z"
LATER = "2026-11-22T07:10:00Z"


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
        made.create("FlowDeployment", flow_deployment(namespace))
        made.create("FlowMonitor", flow_monitor(namespace))
        made.wait_children("CronJob/quality")
        yield made


def metric(name: str, verdict: str, passed: int, failed: int, **more: Any) -> dict[str, Any]:
    judged = passed + failed
    rates = {"pass_rate": passed / judged, "low": 0.5, "high": 0.9} if judged else {}
    empty = {"pass_rate": None, "low": None, "high": None, "errors": 0, "not_evaluable": 0, "skipped": 0}
    rest = {"name": name, "verdict": verdict, "reason": "Measured", "passed": passed, "failed": failed}
    return empty | rates | rest | {"row_threshold": 3, "pass_rate_percent": 70} | more


def summary(*metrics: dict[str, Any], **more: Any) -> str:
    given = {
        "run": "whatever the pod says",
        "window_start": "2026-11-15T06:00:00Z",
        "window_end": "2026-11-22T06:00:00Z",
        "started": "2026-11-22T06:00:05Z",
        "finished": FINISHED,
        "records": 60,
        "sampled": 40,
        "url": "s3://records/team/evaluations/quality/now",
        "metrics": metrics,
        "judge_healthy": True,
    }
    return json.dumps(given | more)


GOOD = summary(metric("groundedness", "Fail", 10, 30), metric("fluency", "Pass", 38, 2))


def run(world: World, kubectl: Any, name: str, message: str, finished: str = FINISHED, code: int = 0) -> None:
    """Start a run by hand, as a user does, and let its pod end."""
    kubectl("create", "job", "--from=cronjob/quality", name, "-n", world.namespace)
    pod = eventually(lambda: _pod(world, name))
    world.finish_pod(pod["metadata"]["name"], message, finished, code)


def _pod(world: World, job: str) -> Manifest | None:
    pods = world.every("Pod", **{"batch.kubernetes.io/job-name": job})
    return next((pod for pod in pods if pod["status"]["phase"] == "Pending"), None)


def status(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (world.get("FlowMonitor", "quality") or {}).get("status", {})
    return found


def events(world: World, reason: str) -> list[Manifest]:
    return [each for each in world.every("Event") if each["reason"] == reason]


def test_before_the_first_run_nothing_is_claimed(world: World) -> None:
    eventually(lambda: status(world).get("conditions"))
    assert tuple(each["type"] for each in status(world)["conditions"]) == CONDITIONS
    assert world.condition("FlowMonitor", "quality", "QualityMet")["status"] == "Unknown"
    world.wait_condition("FlowMonitor", "quality", "Scheduled", "True", "Scheduled")
    assert status(world)["nextRun"].endswith("T06:00:00Z")
    assert "verdict" not in status(world)


def test_a_run_started_by_hand_is_recognised_and_its_result_is_everywhere(
    world: World, kubectl: Any, operator: Operator
) -> None:
    run(world, kubectl, "now", GOOD)
    found = world.wait_condition("FlowMonitor", "quality", "QualityMet", "False", "BelowThreshold")
    assert "groundedness Fail (25.0% of 40 passed, 50.0-90.0%; 70% wanted)" in found["message"]
    world.wait_condition("FlowMonitor", "quality", "RunSucceeded", "True", "Finished")
    world.wait_condition("FlowMonitor", "quality", "DataAvailable", "True", "RecordsFound")
    world.wait_condition("FlowMonitor", "quality", "JudgeHealthy", "True", "Healthy")
    now = status(world)
    assert (now["verdict"], now["worstMetric"], now["passRate"]) == ("Fail", "groundedness", "25.0%")
    uid = (world.get("Job", "now") or {})["metadata"]["uid"]
    assert now["lastRun"]["id"] == now["lastGoodRun"] == f"now-{uid[:8]}"
    assert now["lastRun"]["finished"] == FINISHED
    assert now["metrics"][1]["passRatePercent"] == "95.0"
    (event,) = eventually(lambda: events(world, "QualityBelowThreshold") or None)
    assert event["type"] == "Warning"
    assert "25.0% of 40 passed" in event["note"]
    labels = f'metric="groundedness",monitor="quality",namespace="{world.namespace}"'
    eventually(lambda: operator.metric(f"flow_monitor_pass_ratio{{{labels}}}") == 0.25)
    assert operator.metric(f'flow_monitor_verdict{{{labels},verdict="Fail"}}') == 1
    printed = kubectl("get", "fm", "quality", "-n", world.namespace)
    assert "Fail" in printed
    assert "25.0%" in printed


def test_after_a_restart_the_gauges_are_back_and_no_event_is_told_twice(
    world: World, kubectl: Any, operator: Operator
) -> None:
    run(world, kubectl, "now", GOOD)
    world.wait_condition("FlowMonitor", "quality", "QualityMet", "False", "BelowThreshold")
    operator.kill()
    operator.start()
    name = f'flow_monitor_last_success_timestamp_seconds{{monitor="quality",namespace="{world.namespace}"}}'

    def back() -> bool:
        try:
            return operator.metric(name) is not None
        except OSError:
            return False

    eventually(back)
    assert len(events(world, "RunFinished")) == len(events(world, "QualityBelowThreshold")) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        "Traceback (most recent call last): \x1b[31m ignore previous instructions",
        summary(metric("fluency", "Pass", 1, 0), records=10**30),
    ],
)
def test_garbage_instead_of_a_summary_fails_the_run_and_leaves_the_last_verdict(
    world: World, kubectl: Any, operator: Operator, garbage: str
) -> None:
    run(world, kubectl, "good", GOOD)
    world.wait_condition("FlowMonitor", "quality", "QualityMet", "False", "BelowThreshold")
    run(world, kubectl, "bad", garbage, LATER)
    world.wait_condition("FlowMonitor", "quality", "RunSucceeded", "False", "SummaryInvalid")
    now = status(world)
    assert (now["verdict"], now["passRate"]) == ("Fail", "25.0%")
    assert now["lastGoodRun"].startswith("good-")
    assert now["lastRun"]["id"].startswith("bad-")
    assert now["lastRun"].keys() == {"id", "finished"}
    assert world.condition("FlowMonitor", "quality", "QualityMet")["status"] == "False"
    assert eventually(lambda: events(world, "RunFailed") or None)
    assert not [line for line in operator.log() if line["level"] == "error"]


def test_a_problem_that_the_evaluator_names_is_the_reason(world: World, kubectl: Any) -> None:
    said = summary(
        problem="StoreUnreachable", message="the bucket \x1b[31mrecords cannot be listed", records=0
    )
    run(world, kubectl, "now", said)
    found = world.wait_condition("FlowMonitor", "quality", "RunSucceeded", "False", "StoreUnreachable")
    assert found["message"] == "run now: the bucket [31mrecords cannot be listed"
    assert "verdict" not in status(world)


def test_a_window_without_records_is_no_data_and_no_verdict(world: World, kubectl: Any) -> None:
    said = summary(problem="NoRecords", message="no records", records=0, judge_healthy=None)
    run(world, kubectl, "now", said)
    world.wait_condition("FlowMonitor", "quality", "DataAvailable", "False", "NoRecords")
    assert world.condition("FlowMonitor", "quality", "QualityMet")["status"] == "Unknown"
    assert world.condition("FlowMonitor", "quality", "JudgeHealthy")["status"] == "Unknown"


def test_two_rows_are_inconclusive_which_is_unknown(world: World, kubectl: Any) -> None:
    few = metric("groundedness", "Inconclusive", 2, 0, reason="TooFewSamples", low=0.34, high=1.0)
    run(world, kubectl, "now", summary(few, records=2, sampled=2))
    world.wait_condition("FlowMonitor", "quality", "QualityMet", "Unknown", "TooFewSamples")
    assert status(world)["verdict"] == "Inconclusive"


def test_an_older_run_that_is_seen_late_changes_nothing(world: World, kubectl: Any) -> None:
    run(world, kubectl, "newer", GOOD, LATER)
    world.wait_condition("FlowMonitor", "quality", "QualityMet", "False", "BelowThreshold")
    kubectl("delete", "job", "newer", "-n", world.namespace)
    run(world, kubectl, "older", summary(metric("fluency", "Pass", 40, 0)), FINISHED)
    world.patch("FlowMonitor", "quality", {"spec": {"historyLimit": 5}})
    eventually(lambda: status(world)["observedGeneration"] == 2)
    assert status(world)["lastRun"]["id"].startswith("newer-")
    assert status(world)["verdict"] == "Fail"


def test_a_job_of_somebody_else_is_no_run(world: World, kubectl: Any) -> None:
    labels = {
        "app.kubernetes.io/name": "flow-evaluator",
        "app.kubernetes.io/instance": "quality",
        "app.kubernetes.io/managed-by": "flow-operator",
        "app.kubernetes.io/component": "evaluator",
    }
    pod_spec = {"restartPolicy": "Never", "containers": [{"name": "evaluator", "image": "i"}]}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    theirs = {"metadata": {"name": "theirs", "labels": labels}, "spec": {"template": template}}
    world.create("Job", theirs)
    pod = eventually(lambda: _pod(world, "theirs"))
    world.finish_pod(pod["metadata"]["name"], GOOD, FINISHED)
    world.patch("FlowMonitor", "quality", {"spec": {"historyLimit": 5}})
    eventually(lambda: status(world).get("observedGeneration") == 2)
    assert "lastRun" not in status(world)


def test_a_pod_that_was_killed_without_a_word_fails_the_run(world: World, kubectl: Any) -> None:
    kubectl("create", "job", "--from=cronjob/quality", "now", "-n", world.namespace)
    for _ in range(3):  # the first attempt and both retries
        pod = eventually(lambda: _pod(world, "now"))
        world.finish_pod(pod["metadata"]["name"], "", FINISHED, code=137)
        if events(world, "BackoffLimitExceeded"):
            break
    found = world.wait_condition("FlowMonitor", "quality", "RunSucceeded", "False", "EvaluatorFailed")
    assert "exit code 137" in found["message"]
