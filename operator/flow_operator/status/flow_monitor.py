"""The status of a FlowMonitor. What is known of the last good run stays until a better one is there."""

from dataclasses import dataclass
from datetime import datetime

from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.flowmonitor_status import CONDITIONS, FlowMonitorStatus, LastRun, MetricStatus
from flow_operator.status.conditions import Breach, Finding, conditions_of, false, true, unknown
from flow_operator.status.run import SAID_LIMIT, Run
from flow_operator.status.text import clean, reason, utc
from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict

_WORST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True)
class Seen:
    """All that one visit found out about a FlowMonitor."""

    run: Run | None = None
    """The run that finished last, if its Job is still there."""
    next_run: datetime | None = None
    source_missing: Breach | None = None
    """There is no FlowDeployment that collects records for us."""
    conflict: Breach | None = None
    refused: Breach | None = None


def status_of(cr: FlowMonitor, seen: Seen, now: datetime) -> FlowMonitorStatus:
    """The whole status, from what one visit saw and what was said before."""
    old = cr.status
    run = new_run(old, seen.run)
    good = run.summary if run is not None and run.failure is None else None
    metrics = tuple(map(_metric, good.metrics)) if good else old.metrics
    findings = {"Accepted": _accepted(seen), "Scheduled": _scheduled(cr, seen)}
    findings |= _run_findings(run, old)
    worst = _worst(metrics)
    return FlowMonitorStatus(
        observed_generation=cr.metadata.generation,
        last_run=_last_run(run) if run else old.last_run,
        last_good_run=run.id if run and good else old.last_good_run,
        next_run=seen.next_run,
        metrics=metrics,
        worst_metric=worst.name if worst else None,
        pass_rate=f"{worst.pass_rate_percent}%" if worst and worst.pass_rate_percent else None,
        verdict=worst.verdict if worst else None,
        conditions=conditions_of(CONDITIONS, findings, old.conditions, cr.metadata.generation, now),
    )


def new_run(old: FlowMonitorStatus, run: Run | None) -> Run | None:
    """The run, unless the status speaks of a later one: Jobs of later runs may have been removed."""
    if run is None or old.last_run is None or old.last_run.finished is None:
        return run
    return run if run.finished >= utc(old.last_run.finished) else None


def verdict_of(metrics: tuple[MetricSummary, ...]) -> Verdict:
    """Fail if any metric fails, Inconclusive if any is inconclusive, else Pass."""
    return next(verdict for verdict in _WORST_FIRST if any(m.verdict == verdict for m in metrics))


def _accepted(seen: Seen) -> Finding:
    return false(seen.conflict) if seen.conflict else true("Accepted", "the spec is valid")


def _scheduled(cr: FlowMonitor, seen: Seen) -> Finding:
    obstacle = seen.conflict or seen.source_missing or seen.refused
    if obstacle:
        return false(obstacle)
    if cr.spec.suspend:
        return false(Breach("Suspended", "no run starts by itself, because spec.suspend is true"))
    if seen.next_run is None:
        said = f"{cr.spec.schedule} ({cr.spec.time_zone}) never seems to come: is there such a date?"
        return unknown("NextRunUnknown", said)
    return true("Scheduled", f"runs start by the schedule {cr.spec.schedule} ({cr.spec.time_zone})")


def _run_findings(run: Run | None, old: FlowMonitorStatus) -> dict[str, Finding]:
    """What the newest run says; of a run that came to no end nothing but that."""
    if run is None:
        if old.last_run is not None:
            return {}
        none = unknown("NoRunYet", "no run has finished yet")
        return dict.fromkeys(("RunSucceeded", "DataAvailable", "JudgeHealthy", "QualityMet"), none)
    found: dict[str, Finding] = {}
    failure, summary = run.failure, run.summary
    if failure is not None:
        found["RunSucceeded"] = false(Breach(failure.reason, f"run {run.job}: {failure.message}"))
    else:
        found["RunSucceeded"] = true("Finished", f"run {run.job} came to a verdict")
    if summary is not None:
        found |= _data(run.job, summary) | _judge(run.job, summary)
    if summary is not None and failure is None:
        found["QualityMet"] = _quality(run.job, summary)
    return found


def _data(job: str, summary: RunSummary) -> dict[str, Finding]:
    if summary.records:
        said = f"run {job} found records in its window"
        if summary.missing_segments:
            said += f"; segments of records that are missing in its hours: {summary.missing_segments}"
        return {"DataAvailable": true("RecordsFound", said)}
    if summary.problem in ("", "NoRecords"):
        window = f"{summary.window_start:%F %H:%M} and {summary.window_end:%F %H:%M}"
        said = f"run {job} found no record between {window}"
        return {"DataAvailable": false(Breach("NoRecords", said))}
    return {}


def _judge(job: str, summary: RunSummary) -> dict[str, Finding]:
    said = clean(summary.judge_message, SAID_LIMIT)
    if summary.judge_healthy is None:
        return {"JudgeHealthy": unknown("NotAsked", f"run {job} did not ask the judge")}
    if summary.judge_healthy:
        return {"JudgeHealthy": true("Healthy", said or f"the judge answered in run {job}")}
    return {
        "JudgeHealthy": false(Breach("Unhealthy", f"run {job}: {said or 'the judge gives wrong answers'}"))
    }


def _quality(job: str, summary: RunSummary) -> Finding:
    said = f"run {job}: " + "; ".join(in_words(metric) for metric in summary.metrics)
    verdict = verdict_of(summary.metrics)
    if verdict is Verdict.FAIL:
        return false(Breach("BelowThreshold", said))
    if verdict is Verdict.INCONCLUSIVE:
        doubtful = next(metric for metric in summary.metrics if metric.verdict == verdict)
        return unknown(reason(doubtful.reason, "Inconclusive"), said)
    return true("QualityMet", said)


def in_words(metric: MetricSummary) -> str:
    """A metric's result as a person would say it."""
    if metric.pass_rate is None:
        return f"{metric.name} {metric.verdict} ({reason(metric.reason, 'NotJudged')}: nothing was judged)"
    interval = f", {_percent(metric.low)}-{_percent(metric.high)}%" if metric.low is not None else ""
    rate = f"{_percent(metric.pass_rate)}% of {metric.passed + metric.failed} passed{interval}"
    return f"{metric.name} {metric.verdict} ({rate}; {metric.pass_rate_percent}% wanted)"


def _percent(rate: float | None) -> str | None:
    return None if rate is None else f"{rate * 100:.1f}"


def _metric(metric: MetricSummary) -> MetricStatus:
    return MetricStatus(
        name=metric.name,
        verdict=metric.verdict,
        reason=reason(metric.reason, "Unknown"),
        pass_rate_percent=_percent(metric.pass_rate),
        low=_percent(metric.low),
        high=_percent(metric.high),
        passed=metric.passed,
        failed=metric.failed,
        errors=metric.errors,
        not_evaluable=metric.not_evaluable,
        skipped=metric.skipped,
        row_threshold=metric.row_threshold,
        pass_rate_threshold=metric.pass_rate_percent,
    )


def _last_run(run: Run) -> LastRun:
    summary = run.summary
    if summary is None:
        return LastRun(id=run.id, finished=run.finished)
    return LastRun(
        id=run.id,
        window_start=utc(summary.window_start),
        window_end=utc(summary.window_end),
        started=utc(summary.started),
        finished=run.finished,
        records=summary.records,
        sampled=summary.sampled,
        verdict=None if run.failure else verdict_of(summary.metrics),
        url=clean(summary.url, 1024),
    )


def _worst(metrics: tuple[MetricStatus, ...]) -> MetricStatus | None:
    """The metric with the worst verdict, among those the lowest pass rate."""
    return min(
        metrics,
        key=lambda m: (_WORST_FIRST.index(m.verdict), float(m.pass_rate_percent or 0)),
        default=None,
    )
