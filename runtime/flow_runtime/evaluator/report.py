"""The report of a run as data, report.json: everything that was judged, by whom and why. Pure."""

import gzip
from collections.abc import Sequence
from datetime import datetime

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.settings import EvaluatorSettings, Identity, Mapping, VerdictSettings
from flow_runtime.evaluator.cases import Case, Judged, by_revision, tally
from flow_runtime.evaluator.plan import Plan
from flow_runtime.evaluator.verdict import Decision


class RevisionRate(Contract):
    """The pass rate of one revision of the flow; None when nothing of it was judged."""

    revision: str
    judged: int
    pass_rate: float | None


class MetricDetail(Contract):
    """What the summary has no room for."""

    name: str
    coverage: float | None
    evaluable_share: float | None
    if_errors_failed: float | None
    """The pass rate had every error been a fail."""
    if_errors_passed: float | None
    traffic_pass_rate: float | None
    """With each record counted, not each distinct one."""
    revisions: tuple[RevisionRate, ...]


class ReportRow(Contract):
    """One distinct question, answer and context, and what each metric's judge said."""

    record_ids: tuple[str, ...]
    time: datetime
    revisions: tuple[str, ...]
    question: str | None
    answer: str | None
    context: str | None
    judgements: tuple[Judgement, ...]


class Report(Contract):
    """report.json."""

    v: int = 1
    identity: Identity
    monitor: str
    summary: RunSummary
    details: tuple[MetricDetail, ...]
    judge_model: str
    mapping: Mapping
    verdict: VerdictSettings
    passed_over: int
    unreadable: int
    probes: tuple[Judgement, ...]
    rows: tuple[ReportRow, ...]
    """Worst first."""


def build_report(
    settings: EvaluatorSettings,
    summary: RunSummary,
    plan: Plan,
    cases: Sequence[Case],
    judged: Judged,
    decisions: dict[str, Decision],
    probes: Sequence[Judgement],
) -> Report:
    """Put a run together, its rows worst first."""
    rows = [_row(case, [judged[case.id, metric.name] for metric in settings.metrics]) for case in cases]
    return Report(
        identity=settings.identity,
        monitor=settings.monitor,
        summary=summary,
        details=tuple(
            _detail(metric.name, cases, judged, decisions[metric.name]) for metric in settings.metrics
        ),
        judge_model=settings.judge.model,
        mapping=settings.mapping,
        verdict=settings.verdict,
        passed_over=plan.passed_over,
        unreadable=plan.unreadable,
        probes=tuple(probes),
        rows=tuple(sorted(rows, key=badness)),
    )


def badness(row: ReportRow) -> tuple[int, int, int, str]:
    """Order rows: failed ones, deepest below the threshold first, then errors, the unjudged, the passed."""
    outcomes = {judgement.outcome for judgement in row.judgements}
    order = (Outcome.FAILED, Outcome.ERROR, Outcome.NOT_EVALUABLE, Outcome.SKIPPED, Outcome.PASSED)
    rank = next((number for number, outcome in enumerate(order) if outcome in outcomes), len(order))
    # An answer that failed by rule has no score: it is worse than any.
    margins = [(judgement.score or 0) - judgement.row_threshold for judgement in row.judgements]
    return rank, min(margins, default=0), sum(margins), row.record_ids[0]


def judgement_lines(report: Report) -> bytes:
    """Write judgements.jsonl.gz: a line for each record x metric, also where records share a judgement."""
    lines = [
        judgement.model_copy(update={"record_id": record}).model_dump_json()
        for row in report.rows
        for judgement in row.judgements
        for record in row.record_ids
    ]
    return gzip.compress("".join(line + "\n" for line in lines).encode("utf-8", "replace"), mtime=0)


def _row(case: Case, judgements: Sequence[Judgement]) -> ReportRow:
    return ReportRow(
        record_ids=tuple(record.id for record in case.records),
        time=case.records[0].time,
        revisions=tuple(sorted({record.revision for record in case.records})),
        question=case.material.prompt,
        answer=case.material.completion,
        context=case.material.context,
        judgements=tuple(judgements),
    )


def _detail(name: str, cases: Sequence[Case], judged: Judged, decision: Decision) -> MetricDetail:
    counts = tally(cases, name, judged)
    revisions = {revision: tally(group, name, judged) for revision, group in by_revision(cases).items()}
    return MetricDetail(
        name=name,
        coverage=counts.coverage,
        evaluable_share=counts.evaluable_share,
        if_errors_failed=decision.if_errors_failed,
        if_errors_passed=decision.if_errors_passed,
        traffic_pass_rate=tally(cases, name, judged, by_traffic=True).pass_rate,
        revisions=tuple(
            RevisionRate(revision=revision, judged=each.judged, pass_rate=each.pass_rate)
            for revision, each in revisions.items()
        ),
    )
