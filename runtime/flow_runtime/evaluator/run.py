"""One run from records to report: sample, probe, judge, decide, write."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.settings import EvaluatorSettings, settings_json
from flow_runtime.evaluator.cases import Case, cases_of, tally
from flow_runtime.evaluator.judge import Judge
from flow_runtime.evaluator.judging import Judging, Log
from flow_runtime.evaluator.probes import Health, health, probe_pairs, subject_of
from flow_runtime.evaluator.provider import JudgeProvider
from flow_runtime.evaluator.report import Report, build_report, judgement_lines
from flow_runtime.evaluator.report_html import html_report
from flow_runtime.evaluator.report_md import markdown_report
from flow_runtime.evaluator.result import REPORT, Result, RunFrame, summary_of
from flow_runtime.evaluator.sampling import Sample, take_sample
from flow_runtime.evaluator.verdict import Decision, decide
from flow_runtime.store import Store
from flow_runtime.store.keys import evaluation_key


async def evaluate(
    settings: EvaluatorSettings, frame: RunFrame, store: Store, provider: JudgeProvider, log: Log
) -> RunSummary:
    """Make a run and store its report. StoreError when the store fails; a failing judge is in the summary."""
    sample = await take_sample(store, settings, frame.id, frame.window)
    log("info", "records drawn", window=sample.plan.records, drawn=len(sample.records))
    result = await _judge(settings, frame, sample, provider, log)
    decisions = _decisions(settings, result)
    summary = summary_of(settings, frame, sample.plan, result, decisions, store.url, datetime.now(UTC))
    report = build_report(
        settings, summary, sample.plan, result.cases, result.judged, decisions, result.probes
    )
    await _write(store, settings, frame.id, report)
    return summary


async def _judge(
    settings: EvaluatorSettings, frame: RunFrame, sample: Sample, provider: JudgeProvider, log: Log
) -> Result:
    cases = cases_of(sample.records, settings.mapping)
    if not cases:
        return Result(problem="NoRecords", message="no record of the window can be judged")
    judging = Judging(
        Judge(provider, settings.judge.max_attempts), settings.judge.concurrency, frame.deadline, log
    )
    subjects = [case.subject(settings.mapping) for case in cases]
    wrong = _mapping_problem(cases, settings)
    pairs = [] if wrong else probe_pairs(settings.metrics)
    probes = await judging.all([(subject_of(probe), metric) for probe, metric in pairs], "probed")
    judging.stop_if_unreachable(probes)
    tasks = [(subject, metric) for subject in subjects for metric in settings.metrics]
    judgements = await judging.all(tasks)
    result = Result(cases, {(each.record_id, each.metric): each for each in judgements}, probes)
    if wrong:
        result.problem, result.message = "MappingInvalid", wrong
    else:
        result.health = health(probes)
    if judging.stopped:
        result.problem, result.message = judging.stopped.problem, str(judging.stopped)
        result.health = Health(result.health.healthy, result.message)
    return result


def _mapping_problem(cases: Sequence[Case], settings: EvaluatorSettings) -> str:
    """Say why no record at all can be judged by any metric; empty if one can."""
    if any(case.material.prompt is not None and case.material.completion is not None for case in cases):
        return ""
    return "; ".join(cases[0].subject(settings.mapping).missing.values())


def _decisions(settings: EvaluatorSettings, result: Result) -> dict[str, Decision]:
    return {
        metric.name: decide(
            tally(result.cases, metric.name, result.judged),
            metric.pass_rate_percent,
            settings.verdict,
            judge_healthy=result.health.healthy,
        )
        for metric in settings.metrics
    }


async def _write(store: Store, settings: EvaluatorSettings, run: str, report: Report) -> None:
    files = {
        "judgements.jsonl.gz": judgement_lines(report),
        "report.json": settings_json(report).encode("utf-8", "replace"),
        "report.md": markdown_report(report).encode("utf-8", "replace"),
        REPORT: html_report(report).encode("utf-8", "replace"),
    }
    for name, data in files.items():
        await store.put(evaluation_key(settings.identity, settings.monitor, run, name), data)
