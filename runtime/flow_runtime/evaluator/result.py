"""What a run has come to, and its summary for the operator. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict
from flow_runtime.contracts.settings import EvaluatorSettings, MetricSettings
from flow_runtime.evaluator.cases import Case, Judged, tally
from flow_runtime.evaluator.plan import Plan
from flow_runtime.evaluator.probes import Health
from flow_runtime.evaluator.verdict import Decision
from flow_runtime.evaluator.window import Window
from flow_runtime.store.keys import evaluation_key

REPORT = "report.html"


@dataclass(frozen=True)
class RunFrame:
    """What is known of a run before it begins."""

    id: str
    window: Window
    started: datetime
    deadline: float
    """In the running loop's time: what is not judged by then is skipped."""


@dataclass
class Result:
    """What a run has come to so far."""

    cases: Sequence[Case] = ()
    judged: Judged = field(default_factory=dict)
    probes: Sequence[Judgement] = ()
    health: Health = field(default_factory=lambda: Health(None, ""))
    problem: str = ""
    message: str = ""


def summary_of(
    settings: EvaluatorSettings,
    frame: RunFrame,
    plan: Plan,
    result: Result,
    decisions: dict[str, Decision],
    url: str,
    finished: datetime,
) -> RunSummary:
    """Say in short what the operator shows."""
    key = evaluation_key(settings.identity, settings.monitor, frame.id, REPORT)
    return RunSummary(
        run=frame.id,
        window_start=plan.window_start,
        window_end=plan.window_end,
        started=frame.started,
        finished=finished,
        records=plan.records,
        sampled=len(result.cases),
        missing_segments=plan.missing_segments,
        url=f"{url}/{key}",
        metrics=tuple(_metric(each, result, decisions[each.name]) for each in settings.metrics),
        judge_healthy=result.health.healthy,
        judge_message=result.health.message,
        problem=result.problem,
        message=result.message or _first_gap(result),
    )


def _metric(metric: MetricSettings, result: Result, decision: Decision) -> MetricSummary:
    counts = tally(result.cases, metric.name, result.judged)
    interval = decision.interval
    return MetricSummary(
        name=metric.name,
        verdict=decision.verdict,
        reason=decision.reason,
        pass_rate=counts.pass_rate,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        passed=counts.passed,
        failed=counts.failed,
        errors=counts.errors,
        not_evaluable=counts.not_evaluable,
        skipped=counts.skipped,
        row_threshold=metric.row_threshold,
        pass_rate_percent=metric.pass_rate_percent,
    )


def _first_gap(result: Result) -> str:
    """Name one thing that kept records from being judged: the likeliest thing to repair."""
    for outcome in (Outcome.ERROR, Outcome.NOT_EVALUABLE, Outcome.SKIPPED):
        for each in result.judged.values():
            if each.outcome is outcome:
                said = each.error.message if each.error else each.reason
                return f"{each.metric}: {said}"
    return ""


def overall(metrics: Sequence[MetricSummary]) -> Verdict:
    """The worst verdict of a run: what its title says."""
    verdicts = {metric.verdict for metric in metrics}
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INCONCLUSIVE
