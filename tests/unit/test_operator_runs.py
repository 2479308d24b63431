"""From a run's pod to a verdict in the status; and when the next run is."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.flowmonitor_status import FlowMonitorStatus
from flow_operator.reconcile.notes import monitor_notes
from flow_operator.status.conditions import Breach
from flow_operator.status.flow_monitor import Seen, status_of
from flow_operator.status.run import Run, newest_run, read_summary
from flow_operator.status.schedule import next_time
from flow_operator.telemetry.metrics import Metrics

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWNER = "cron-job-uid"


def metric(name: str = "fluency", verdict: str = "Pass", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "verdict": verdict,
        "reason": "Measured",
        "pass_rate": 0.9,
        "low": 0.8,
        "high": 0.95,
        "passed": 36,
        "failed": 4,
        "errors": 0,
        "not_evaluable": 0,
        "skipped": 0,
        "row_threshold": 3,
        "pass_rate_percent": 70,
    } | more


def summary(*metrics: dict[str, Any], **more: Any) -> str:
    given = {
        "run": "r",
        "window_start": "2026-11-15T06:00:00Z",
        "window_end": "2026-11-22T06:00:00Z",
        "started": "2026-11-22T06:00:05Z",
        "finished": "2026-11-22T06:10:00Z",
        "records": 60,
        "sampled": 40,
        "url": "s3://records",
        "metrics": metrics,
        "judge_healthy": True,
    }
    return json.dumps(given | more)


def monitor(status: FlowMonitorStatus | None = None) -> FlowMonitor:
    cr = FlowMonitor.model_validate(
        {
            "metadata": {"name": "quality", "namespace": "shop", "uid": "1", "generation": 2},
            "spec": {
                "flowDeploymentRef": {"name": "bot"},
                "mapping": {"prompt": "inputs.q", "completion": "outputs.a", "context": "outputs.c"},
                "judge": {"connection": {"type": "OpenAI", "secretRef": {"name": "j"}}, "model": "m"},
            },
        }
    )
    return cr.model_copy(update={"status": status}) if status else cr


def run(message: str, job: str = "now", hour: int = 6) -> Run:
    return Run(job, f"{job}-uid", datetime(2026, 11, 22, hour, 10, tzinfo=UTC), read_summary(message))


def after(*runs: Run) -> FlowMonitorStatus:
    """The status after these runs, seen one after the other."""
    status = None
    for each in runs:
        status = status_of(monitor(status), Seen(run=each), NOW)
    assert status is not None
    return status


def condition(status: FlowMonitorStatus, kind: str) -> tuple[str, str]:
    return next((each.status, each.reason) for each in status.conditions if each.type == kind)


@pytest.mark.parametrize(
    ("verdicts", "expected", "quality"),
    [
        (("Pass", "Pass"), "Pass", "True"),
        (("Pass", "Fail"), "Fail", "False"),
        (("Inconclusive", "Pass"), "Inconclusive", "Unknown"),
        (("Inconclusive", "Fail"), "Fail", "False"),
    ],
)
def test_the_worst_metric_makes_the_verdict(verdicts: tuple[str, str], expected: str, quality: str) -> None:
    one, two = (metric(name, v) for name, v in zip(("fluency", "relevance"), verdicts, strict=True))
    status = after(run(summary(one, two)))
    assert status.verdict == expected
    assert condition(status, "QualityMet")[0] == quality


def test_among_equal_verdicts_the_lowest_pass_rate_is_the_worst() -> None:
    low = metric("relevance", pass_rate=0.71, low=0.7)
    status = after(run(summary(metric("fluency"), low)))
    assert (status.worst_metric, status.pass_rate) == ("relevance", "71.0%")


def test_a_metric_that_was_not_judged_has_no_rate_instead_of_zero() -> None:
    none = metric(
        verdict="Inconclusive", reason="NotJudged", pass_rate=None, low=None, high=None, passed=0, failed=0
    )
    status = after(run(summary(none)))
    assert status.metrics[0].pass_rate_percent is None
    assert status.pass_rate is None
    assert condition(status, "QualityMet") == ("Unknown", "NotJudged")


def test_a_failed_run_leaves_verdict_quality_and_judge_as_they_were() -> None:
    good = run(summary(metric()))
    status = after(
        good, Run("bad", "uid", datetime(2026, 11, 22, 9, tzinfo=UTC), Breach("SummaryInvalid", "?"))
    )
    assert condition(status, "RunSucceeded") == ("False", "SummaryInvalid")
    assert condition(status, "QualityMet") == ("True", "QualityMet")
    assert condition(status, "JudgeHealthy")[0] == "True"
    assert (status.verdict, status.last_good_run) == ("Pass", "now-now-uid")
    assert status.last_run is not None
    assert (status.last_run.id, status.last_run.verdict) == ("bad-uid", None)


def test_an_unhealthy_judge_is_said_in_its_own_cleaned_words() -> None:
    held = metric(verdict="Inconclusive", reason="JudgeUnhealthy")
    status = after(run(summary(held, judge_healthy=False, judge_message="a 5 for ':'\x1b[0m")))
    said = next(each.message for each in status.conditions if each.type == "JudgeHealthy")
    assert condition(status, "JudgeHealthy") == ("False", "Unhealthy")
    assert said == "run now: a 5 for ':'[0m"


def test_records_that_were_lost_are_said_beside_those_that_were_found() -> None:
    whole, holed = after(run(summary(metric()))), after(run(summary(metric(), missing_segments=3)))
    said = [
        next(each.message for each in status.conditions if each.type == "DataAvailable")
        for status in (whole, holed)
    ]
    assert said == [
        "run now found records in its window",
        "run now found records in its window; segments of records that are missing in its hours: 3",
    ]
    assert condition(holed, "DataAvailable") == ("True", "RecordsFound")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Traceback (most recent call last):", "the text"),
        ("", "the text"),
        ('{"run": "x"}', "window_start"),
        ("[]", "the text"),
        (summary(metric(pass_rate=float("nan"))), "between 0 and 1"),
        (summary(metric(high=1.5)), "between 0 and 1"),
        (summary(metric(passed=-1)), "negative"),
        (summary(metric(skipped=2**60)), "too large"),
        (summary(metric(row_threshold=6)), "out of range"),
        (summary(metric(name="Flu ency")), "impossible name"),
        (summary(metric(), metric()), "twice"),
        (summary(*(metric(f"m{n}") for n in range(13))), "too many"),
        (summary(metric(), records=10**30), "too large"),
        (summary(metric(), missing_segments=-1), "negative"),
        (summary(metric(), started="9999-12-31T23:59:59-14:00"), "our times"),
        (summary(), "neither a metric nor a problem"),
        (summary(metric(verdict="Excellent")), "metrics.0.verdict"),
        (summary(metric(), url="x" * 5000), "longer than 4096"),
    ],
)
def test_a_summary_that_cannot_be_is_refused_with_its_reason(text: str, said: str) -> None:
    found = read_summary(text)
    assert isinstance(found, Breach)
    assert found.reason == "SummaryInvalid"
    assert said in found.message


def job(name: str, owner: str = OWNER, failed: str = "") -> dict[str, Any]:
    conditions = [
        {"type": "Failed", "status": "True", "reason": failed, "lastTransitionTime": "2026-11-22T08:00:00Z"}
    ]
    meta = {"name": name, "uid": f"{name}-uid", "ownerReferences": [{"uid": owner}]}
    return {"metadata": meta, "status": {"conditions": conditions if failed else []}}


def ended(job_name: str, finished: str, message: str, code: int = 0) -> dict[str, Any]:
    terminated = {"exitCode": code, "finishedAt": finished, "message": message}
    return {
        "metadata": {"name": "p", "ownerReferences": [{"uid": f"{job_name}-uid"}]},
        "status": {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"name": "evaluator", "state": {"terminated": terminated}}],
        },
    }


def test_the_run_that_finished_last_counts() -> None:
    pods = [
        ended("b", "2026-11-22T06:00:00Z", summary(metric())),
        ended("a", "2026-11-22T07:00:00Z", summary(metric("relevance"))),
    ]
    found = newest_run([job("a"), job("b")], pods, OWNER)
    assert found is not None
    assert found.job == "a"


def test_of_several_attempts_the_newest_pods_message_counts() -> None:
    pods = [
        ended("a", "2026-11-22T07:00:00Z", summary(metric())),
        ended("a", "2026-11-22T06:00:00Z", "", code=137),
    ]
    found = newest_run([job("a")], pods, OWNER)
    assert found is not None
    assert found.failure is None


def test_an_attempt_that_will_be_repeated_is_no_result_yet() -> None:
    assert newest_run([job("a")], [ended("a", "2026-11-22T07:00:00Z", "", code=1)], OWNER) is None


def test_a_job_that_failed_without_a_pod_says_what_kubernetes_says() -> None:
    found = newest_run([job("a", failed="DeadlineExceeded")], [], OWNER)
    assert found is not None
    assert found.failure is not None
    assert found.failure.reason == "DeadlineExceeded"


def test_jobs_of_another_owner_are_none_of_ours() -> None:
    pods = [ended("a", "2026-11-22T07:00:00Z", summary(metric()))]
    assert newest_run([job("a", owner="somebody")], pods, OWNER) is None


def test_a_schedule_without_a_next_time_is_doubted() -> None:
    status = status_of(monitor(), Seen(), NOW)
    assert condition(status, "Scheduled") == ("Unknown", "NextRunUnknown")
    status = status_of(monitor(), Seen(next_run=NOW), NOW)
    assert condition(status, "Scheduled") == ("True", "Scheduled")


def test_a_run_is_told_once_and_in_words() -> None:
    first = run(summary(metric(verdict="Fail", pass_rate=0.1, low=0.05, high=0.2)))
    status = after(first)
    notes = monitor_notes(FlowMonitorStatus(), status, first)
    told = {note.reason: note for note in notes}
    assert "10.0% of 40 passed, 5.0-20.0%" in told["QualityBelowThreshold"].text
    assert told["QualityBelowThreshold"].type == "Warning"
    assert "40 of 60 records judged" in told["RunFinished"].text
    assert not monitor_notes(status, status, first)


def test_the_gauges_show_the_status_and_go_with_the_monitor() -> None:
    metrics = Metrics()
    status = after(run(summary(metric(verdict="Fail", pass_rate=None, low=None, high=None))))
    metrics.show("shop", "quality", status)
    labels = {"namespace": "shop", "monitor": "quality", "metric": "fluency"}
    value = metrics.registry.get_sample_value
    assert value("flow_monitor_pass_ratio", labels) is None
    assert value("flow_monitor_verdict", labels | {"verdict": "Fail"}) == 1
    assert value("flow_monitor_verdict", labels | {"verdict": "Pass"}) == 0
    assert value("flow_monitor_judgements", labels | {"outcome": "passed"}) == 36
    end = value("flow_monitor_last_success_timestamp_seconds", {"namespace": "shop", "monitor": "quality"})
    assert end == datetime(2026, 11, 22, 6, 10, tzinfo=UTC).timestamp()
    metrics.forget("shop", "quality")
    assert value("flow_monitor_judgements", labels | {"outcome": "passed"}) is None


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("0 6 * * 1", "UTC", "2026-11-23T06:00"),
        ("*/15 * * * *", "UTC", "2026-11-22T12:15"),
        ("0 6 * * 1", "Asia/Tokyo", "2026-11-22T21:00"),
        ("@hourly", "UTC", "2026-11-22T13:00"),
        ("@yearly", "UTC", "2027-01-01T00:00"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00"),
        ("30 10 13 * FRI", "UTC", "2026-11-27T10:30"),  # either day, as in cron
        ("0 12 * * *", "UTC", "2026-11-23T12:00"),  # now is not next
        ("5-10/2,40 8-9 ? JAN,mar *", "UTC", "2027-01-01T08:05"),
        ("30 2 29 3 *", "Europe/Berlin", "2027-03-29T00:30"),
        ("30 2 28 3 *", "Europe/Berlin", "2028-03-28T00:30"),  # 2027-03-28 02:30 is left out by summer time
    ],
)
def test_the_next_run_is_when_cron_says(schedule: str, zone: str, expected: str) -> None:
    found = next_time(schedule, ZoneInfo(zone), NOW)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("schedule", ["0 0 31 2 *", "every day", "* * * *", "x * * * *"])
def test_a_schedule_that_never_comes_has_no_next_run(schedule: str) -> None:
    assert next_time(schedule, ZoneInfo("UTC"), NOW) is None
