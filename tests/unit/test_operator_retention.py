"""When the operator deletes nothing, when it deletes, and how it tells of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import FlowDeploymentStatus
from flow_operator.manifests import flow_deployment
from flow_operator.manifests.retention import retention_of
from flow_operator.manifests.revision import FlowFiles, revision_of
from flow_operator.manifests.serving import Serving
from flow_operator.reconcile.context import References
from flow_operator.reconcile.notes import deployment_notes
from flow_operator.status.flow_deployment import status_of
from flow_operator.status.job import EndedJob, newest_ended
from flow_operator.status.seen import Seen
from flow_operator.watch import keys_of
from tests.unit import golden

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = FlowFiles({"flow.dag.yaml": "nodes: []"})
FLOW = [("FlowDeployment", "bot")]
STORE = {"store": {"url": "s3://records"}}
DAYS = STORE | {"retentionDays": 30}


def serving(collection: dict[str, Any] | None, name: str = "bot", **spec: Any) -> Serving:
    given = {"flow": {"configMap": {"name": "bot"}}, "collection": collection} | spec
    meta = {"name": name, "namespace": "shop", "uid": "1", "generation": 4}
    cr = FlowDeployment.model_validate({"metadata": meta, "spec": given})
    return Serving(cr, golden.RELEASE, revision=revision_of(cr.spec, FILES), files=FILES)


def cron_job(given: Serving) -> dict[str, Any] | None:
    found = [each for each in flow_deployment.build(given) if each["kind"] == "CronJob"]
    return found[0] if found else None


@pytest.mark.parametrize("collection", [None, STORE, {"enabled": False}, STORE | {"enabled": False}])
def test_without_a_number_of_days_nothing_is_ever_deleted(collection: dict[str, Any] | None) -> None:
    assert cron_job(serving(collection)) is None


def test_what_is_no_longer_collected_still_gets_too_old() -> None:
    job = cron_job(serving(DAYS | {"enabled": False}))
    assert job is not None
    assert job["spec"]["suspend"] is False


def test_a_suspended_deployment_keeps_all_its_records() -> None:
    job = cron_job(serving(DAYS, suspend=True))
    assert job is not None
    assert job["spec"]["suspend"] is True


def test_the_longest_name_leaves_room_for_the_jobs() -> None:
    job = cron_job(serving(DAYS, name="a" * 40))
    assert job is not None
    assert len(job["metadata"]["name"]) <= 52


def test_many_deployments_spread_over_the_day_and_each_keeps_its_time() -> None:
    made = [retention_of(serving(DAYS, name=f"bot-{number}")) for number in range(500)]
    times = [each.schedule for each in made if each is not None]
    assert times == [each.schedule for each in made if each is not None]
    assert len(set(times)) > 350
    assert len({time.split()[1] for time in times}) == 24
    assert all(0 <= int(time.split()[0]) < 60 and time.endswith(" * * *") for time in times)


def test_setting_the_days_rolls_no_pod() -> None:
    assert (
        serving(DAYS).revision
        == serving(DAYS | {"retentionDryRun": True}).revision
        == serving(STORE).revision
    )


def test_only_the_deleting_pods_have_an_account_that_may_be_given_the_right_to() -> None:
    kinds = {(each["kind"], each["metadata"]["name"]) for each in flow_deployment.build(serving(DAYS))}
    assert {("ServiceAccount", "bot-server"), ("ServiceAccount", "bot-retention")} <= kinds
    job = cron_job(serving(DAYS))
    assert job is not None
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("bot-retention", False)


def test_its_jobs_and_pods_concern_the_deployment() -> None:
    job = cron_job(serving(DAYS))
    assert job is not None
    labels = job["spec"]["jobTemplate"]["metadata"]["labels"]
    for kind in ("Job", "Pod"):
        seen = {"metadata": {"name": "x", "namespace": "shop", "labels": labels}}
        assert [(key.kind, key.name) for key in keys_of(kind, seen, References())] == FLOW


def told(**more: Any) -> str:
    return json.dumps(
        {
            "started": "2026-11-23T03:00:00Z",
            "finished": "2026-11-23T03:00:09Z",
            "before": "2026-10-24T03:00:00Z",
            "dry_run": False,
            "objects": 12,
            "rows": 480,
            "foreign": 1,
            "oldest": "2026-10-24T04:00:00Z",
        }
        | more
    )


def after(said: Any, old: FlowDeploymentStatus | None = None, hour: int = 3) -> FlowDeploymentStatus:
    given = serving(DAYS)
    cr = given.cr.model_copy(update={"status": old}) if old else given.cr
    run = EndedJob("bot-retention-1", "uid", datetime(2026, 11, 23, hour, tzinfo=UTC), said)
    return status_of(cr, Seen(given, retention=run), NOW)


def test_the_status_tells_what_was_deleted() -> None:
    found = after(told()).retention
    assert found is not None
    assert (found.deleted_objects, found.deleted_rows, found.foreign_objects) == (12, 480, 1)
    assert (found.dry_run, found.reason, found.message) == (False, None, None)
    assert found.oldest == datetime(2026, 10, 24, 4, tzinfo=UTC)


def test_a_failure_is_in_the_status_and_one_event() -> None:
    said = told(problem="StoreRefused", message="cannot delete a: \x1b[0m AccessDenied", objects=0)
    status = after(said)
    assert status.retention is not None
    assert (status.retention.reason, status.retention.message) == (
        "StoreRefused",
        "cannot delete a: [0m AccessDenied",
    )
    reasons = [note.reason for note in deployment_notes(FlowDeploymentStatus(), status)]
    assert "RetentionFailed" in reasons
    assert "RetentionFailed" not in [note.reason for note in deployment_notes(status, after(said, status))]


@pytest.mark.parametrize(
    "garbage", ["", "Traceback", "[]", told(objects=-1), told(rows=10**30), told(message="x" * 5000)]
)
def test_garbage_instead_of_a_summary_claims_nothing(garbage: str) -> None:
    found = after(garbage).retention
    assert found is not None
    assert (found.reason, found.deleted_objects, found.oldest) == ("SummaryInvalid", None, None)


def test_an_older_run_that_is_seen_late_changes_nothing() -> None:
    newer = after(told(), hour=5)
    assert after(told(objects=99), newer, hour=4).retention == newer.retention


def test_when_the_jobs_are_gone_the_last_run_is_still_known() -> None:
    given, before = serving(DAYS), after(told())
    cr = given.cr.model_copy(update={"status": before})
    assert status_of(cr, Seen(given), NOW).retention == before.retention
    none = serving(STORE)
    assert status_of(cr, Seen(none), NOW).retention is None


def test_a_pod_that_ended_without_a_word_is_a_failure_with_its_exit_code() -> None:
    job = {
        "metadata": {"name": "now", "uid": "j", "ownerReferences": [{"uid": "c"}]},
        "status": {"conditions": [{"type": "Failed", "status": "True"}]},
    }
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-23T03:00:00Z"}
    pod = {
        "metadata": {"name": "p", "ownerReferences": [{"uid": "j"}]},
        "status": {"containerStatuses": [{"name": "retention", "state": {"terminated": ended}}]},
    }
    run = newest_ended([job], [pod], "c", "retention")
    assert run is not None
    found = after(run.said).retention
    assert found is not None
    assert found.reason == "RetentionFailed"
    assert "exit code 137, OOMKilled" in (found.message or "")
