"""What the operator reports of a FlowMonitor. What is not known is missing, and never written as 0."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from flow_operator.api.common import Conditions, Count, Model, Percent, Text
from flow_operator.api.rules import BY_NAME
from flow_runtime.contracts.run import Verdict

CONDITIONS = ("Accepted", "Scheduled", "RunSucceeded", "DataAvailable", "JudgeHealthy", "QualityMet")
"""Every condition type of a FlowMonitor, in the order in which they are shown."""

RunId = Annotated[str, Field(max_length=253)]
PercentText = Annotated[str, Field(max_length=6)]


class LastRun(Model):
    """The run that finished last."""

    id: RunId
    """Name of the run and of its folder in the store. It begins with the name of its Job."""
    window_start: datetime | None = None
    """Begin of the window of records it looked at."""
    window_end: datetime | None = None
    """End of the window of records it looked at."""
    started: datetime | None = None
    """When it began."""
    finished: datetime | None = None
    """When it ended."""
    records: Count | None = None
    """Records in the window."""
    sampled: Count | None = None
    """Distinct records that were drawn for judging."""
    verdict: Verdict | None = None
    """Verdict over all metrics: Fail if any fails, Inconclusive if any is inconclusive, else Pass. Missing
    when the run came to no end; condition RunSucceeded says why."""
    url: Text | None = None
    """Folder in the store with report.html, report.json and every judgement."""


class MetricStatus(Model):
    """What the last good run found for one metric."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the metric."""
    verdict: Verdict
    """Pass, Fail, or Inconclusive while the evidence allows neither."""
    reason: Annotated[str, Field(max_length=63)]
    """Why this verdict, as one CamelCase word such as TooFewSamples."""
    pass_rate_percent: PercentText | None = None
    """Share of judged answers that passed, in percent, as text with one decimal such as 83.3. Missing when
    nothing was judged."""
    low: PercentText | None = None
    """Lower bound of the pass rate's confidence interval, in percent, as text such as 78.9."""
    high: PercentText | None = None
    """Upper bound of the pass rate's confidence interval, in percent, as text such as 86.9."""
    passed: Count
    """Answers that reached the row threshold."""
    failed: Count
    """Answers that did not."""
    errors: Count
    """Answers for which the judge gave no usable judgement. They lower the coverage and not the pass rate."""
    not_evaluable: Count
    """Records that lack what the mapping names."""
    skipped: Count
    """Records that were drawn and not judged."""
    row_threshold: Annotated[int, Field(ge=1, le=5)]
    """Lowest score, from 1 to 5, with which an answer passed in this run."""
    pass_rate_threshold: Percent
    """Pass rate, in percent, that the metric had to reach in this run."""


class FlowMonitorStatus(Model):
    """What the operator observed of the schedule and of the runs."""

    observed_generation: Count | None = None
    """The metadata.generation that this status speaks of."""
    last_run: LastRun | None = None
    """The run that finished last, good or not."""
    last_good_run: RunId | None = None
    """Name of the last run that came to a verdict; metrics, verdict and pass rate are its results."""
    next_run: datetime | None = None
    """When the schedule starts the next run. Missing while suspended."""
    metrics: Annotated[tuple[MetricStatus, ...], Field(max_length=12), BY_NAME] = ()
    """What the last good run found, metric by metric."""
    worst_metric: Annotated[str, Field(max_length=63)] | None = None
    """Metric with the worst verdict, and among those the lowest pass rate; for the column of kubectl get."""
    pass_rate: Annotated[str, Field(max_length=15)] | None = None
    """Pass rate of the worst metric as text such as 83.3%; for the column of kubectl get."""
    verdict: Verdict | None = None
    """Verdict of the last good run over all metrics."""
    conditions: Conditions = ()
    """Accepted: the spec can be acted on. Scheduled: runs start by the schedule. RunSucceeded: the last run
    came to an end. DataAvailable: its window held records. JudgeHealthy: the judge could be asked and failed
    what it must fail. QualityMet: False if a metric failed, Unknown if one is inconclusive, else True."""
