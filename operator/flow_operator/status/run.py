"""What came of a run: the summary in the termination message of its newest finished pod.

The message comes from a pod that read untrusted text, so it is data to be checked, never to be believed.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from flow_operator.manifests.names import EVALUATOR, Manifest
from flow_operator.status.conditions import Breach
from flow_operator.status.job import newest_ended
from flow_operator.status.text import clean, reason, told_time
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
    ended = newest_ended(jobs, pods, owner_uid, EVALUATOR)
    if ended is None:
        return None
    outcome = ended.said if isinstance(ended.said, Breach) else read_summary(ended.said)
    return Run(ended.job, ended.uid, ended.finished, outcome)


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
