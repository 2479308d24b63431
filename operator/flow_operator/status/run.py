"""What came of a run: its Job, its pods, and the summary in the newest finished pod's termination message.

The message comes from a pod that read untrusted text, so it is data to be checked, never to be believed.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from flow_operator.manifests.names import EVALUATOR, Manifest, owned_by
from flow_operator.status.conditions import Breach
from flow_operator.status.text import clean, reason, told_time, utc
from flow_runtime.contracts.base import TERMINATION_LIMIT
from flow_runtime.contracts.run import MetricSummary, RunSummary

_METRIC = re.compile(r"[a-z][A-Za-z0-9_-]{0,62}")
METRICS_LIMIT = 12
COUNT_LIMIT = 2**53 - 1
SAID_LIMIT = 600


@dataclass(frozen=True)
class Run:
    """A finished run: its Job, when it ended, and its summary or why there is none."""

    job: str
    uid: str
    finished: datetime
    outcome: RunSummary | Breach

    @property
    def id(self) -> str:
        """Its name, as the evaluator makes it too: a Job's name can be used again, its uid cannot."""
        return f"{self.job}-{self.uid[:8]}"

    @property
    def failure(self) -> Breach | None:
        """Why the run came to no end."""
        if isinstance(self.outcome, Breach):
            return self.outcome
        if not self.outcome.problem:
            return None
        word = reason(self.outcome.problem, "RunFailed")
        return Breach(word, clean(self.outcome.message, SAID_LIMIT) or "the evaluator gives no details")

    @property
    def summary(self) -> RunSummary | None:
        """What the evaluator said, if it can be used."""
        return self.outcome if isinstance(self.outcome, RunSummary) else None


def newest_run(jobs: Sequence[Manifest], pods: Sequence[Manifest], owner_uid: str) -> Run | None:
    """The run that finished last, of the Jobs that belong to the owner; None if none has finished."""
    ours = [job for job in jobs if owned_by(job, owner_uid)]
    runs = [run for job in ours if (run := _run_of(job, pods))]
    return max(runs, key=lambda run: (run.finished, run.job), default=None)


def _run_of(job: Manifest, pods: Sequence[Manifest]) -> Run | None:
    name, uid = str(job["metadata"]["name"]), str(job["metadata"]["uid"])
    ended = [(end, pod) for pod in pods if owned_by(pod, uid) and (end := _terminated(pod)) is not None]
    newest = max(ended, key=lambda pair: str(pair[0].get("finishedAt") or ""), default=None)
    failed = _failure_of(job)
    if newest is not None and (failed or newest[1].get("status", {}).get("phase") == "Succeeded"):
        end = newest[0]
        finished = _time(end.get("finishedAt")) or _time(job["metadata"].get("creationTimestamp"))
        return Run(name, uid, finished, _outcome(end)) if finished else None
    if failed is None:
        return None
    why = Breach(
        reason(str(failed.get("reason")), "JobFailed"), str(failed.get("message") or "the Job failed")
    )
    finished = _time(failed.get("lastTransitionTime")) or _time(job["metadata"].get("creationTimestamp"))
    return Run(name, uid, finished, why) if finished else None


def _terminated(pod: Manifest) -> dict[str, Any] | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        if container.get("name") == EVALUATOR:
            ended: dict[str, Any] | None = (container.get("state") or {}).get("terminated")
            return ended
    return None


def _failure_of(job: Manifest) -> dict[str, Any] | None:
    conditions: list[dict[str, Any]] = job.get("status", {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == "Failed" and c.get("status") == "True"), None)


def _outcome(end: dict[str, Any]) -> RunSummary | Breach:
    message, code = str(end.get("message") or ""), end.get("exitCode")
    if not message:
        how = f"exit code {code}, {end.get('reason') or 'no reason'}"
        return Breach("EvaluatorFailed", f"the evaluator ended without a summary ({how}); see its pod's log")
    return read_summary(message)


def read_summary(message: str) -> RunSummary | Breach:
    """Read a termination message; a Breach says what is wrong with it."""
    if len(message.encode(errors="replace")) > TERMINATION_LIMIT:
        return Breach("SummaryInvalid", f"the run's summary is longer than {TERMINATION_LIMIT} bytes")
    try:
        summary = RunSummary.model_validate_json(message)
    except (ValidationError, ValueError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        field = ".".join(map(str, where)) or "the text"
        return Breach("SummaryInvalid", f"the run's summary cannot be read: {field} is not as expected")
    wrong = _implausible(summary)
    return Breach("SummaryInvalid", f"the run's summary cannot be true: {wrong}") if wrong else summary


def _implausible(summary: RunSummary) -> str:
    """What in a well-formed summary cannot be; empty when nothing."""
    names = [metric.name for metric in summary.metrics]
    if len(set(names)) != len(names) or len(names) > METRICS_LIMIT:
        return "a metric is there twice, or there are too many"
    counts = (summary.records, summary.sampled, summary.missing_segments)
    if min(counts) < 0 or max(counts) > COUNT_LIMIT:
        return "a number of records or segments is negative or too large"
    if None in map(told_time, (summary.window_start, summary.window_end, summary.started, summary.finished)):
        return "a time is not of our times"
    if not names and not summary.problem:
        return "there is neither a metric nor a problem"
    return next((wrong for metric in summary.metrics if (wrong := _implausible_metric(metric))), "")


def _implausible_metric(metric: MetricSummary) -> str:
    if not _METRIC.fullmatch(metric.name):
        return "a metric has an impossible name"
    counts = (metric.passed, metric.failed, metric.errors, metric.not_evaluable, metric.skipped)
    if min(counts) < 0 or max(counts) > COUNT_LIMIT:
        return f"a count of metric {metric.name} is negative or too large"
    rates = [rate for rate in (metric.pass_rate, metric.low, metric.high) if rate is not None]
    if not all(math.isfinite(rate) and 0 <= rate <= 1 for rate in rates):
        return f"a rate of metric {metric.name} is not between 0 and 1"
    if not (1 <= metric.row_threshold <= 5 and 0 <= metric.pass_rate_percent <= 100):
        return f"a threshold of metric {metric.name} is out of range"
    return ""


def _time(text: object) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
