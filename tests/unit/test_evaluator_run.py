"""Whole runs on a folder and a scripted judge: what reaches the summary and the store."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from flow_runtime.contracts.judgement import Outcome
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.run import RunSummary, Verdict
from flow_runtime.contracts.settings import EvaluatorSettings, Mapping, VerdictSettings
from flow_runtime.evaluator.material import Message
from flow_runtime.evaluator.provider import FunctionJudge, JudgeStopError, Reply, TemporaryJudgeError
from flow_runtime.evaluator.report import Report
from flow_runtime.evaluator.result import RunFrame
from flow_runtime.evaluator.run import evaluate
from flow_runtime.store import Store
from flow_runtime.store.keys import evaluation_key
from tests.unit.evaluator_parts import BOT, NOW, WINDOW, record, reply, settings, sound, stored

MANY = [record(number) for number in range(40)]


def quiet(*_: object, **__: object) -> None:
    """Log nothing."""


async def run(
    folder: Path,
    records: Sequence[Record],
    provider: FunctionJudge,
    seconds: float = 60,
    **changes: Any,
) -> tuple[RunSummary, Report]:
    store = await stored(folder, records)
    chosen = settings(folder, **changes)
    frame = RunFrame("r1", WINDOW, NOW, asyncio.get_running_loop().time() + seconds)
    summary = await evaluate(chosen, frame, store, provider, quiet)
    return summary, await report(store, chosen)


async def report(store: Store, chosen: EvaluatorSettings) -> Report:
    return Report.model_validate_json(
        await store.get(evaluation_key(BOT, chosen.monitor, "r1", "report.json"))
    )


async def test_a_run_judges_every_record_by_every_metric_and_stores_its_report(tmp_path: Path) -> None:
    judge = FunctionJudge(sound(lambda _: reply(4, "It fits.", [("dollars", "ANSWER")])))
    summary, found = await run(tmp_path, MANY, judge)
    assert (summary.records, summary.sampled, summary.problem, summary.judge_healthy) == (40, 40, "", True)
    assert [(each.name, each.verdict) for each in summary.metrics] == [
        ("groundedness", Verdict.PASS),
        ("relevance", Verdict.PASS),
        ("coherence", Verdict.PASS),
        ("fluency", Verdict.PASS),
    ]
    assert judge.calls == 9 + 40 * 4
    assert len(found.rows) == 40
    for row in found.rows:
        assert row.question
        assert row.answer
        assert row.context
        for each in row.judgements:
            assert (each.score, each.row_threshold, each.reason) == (4, 3, "It fits.")
            assert each.quotes[0].found
            assert each.judge is not None


async def test_segments_that_were_lost_are_counted_in_summary_and_reports(tmp_path: Path) -> None:
    store = await stored(tmp_path, MANY, per_object=4)
    lost = sorted(await store.list("default/shop/bot/records"))[3:5]
    for key in lost:
        (tmp_path / key).unlink()
    chosen = settings(tmp_path)
    frame = RunFrame("r1", WINDOW, NOW, asyncio.get_running_loop().time() + 60)
    summary = await evaluate(chosen, frame, store, FunctionJudge(sound(lambda _: reply(4))), quiet)
    assert (summary.records, summary.missing_segments) == (32, 2)
    said = "2 segments of records are missing in the window&#39;s hours"
    for name in ("report.html", "report.md"):
        page = (await store.get(evaluation_key(BOT, chosen.monitor, "r1", name))).decode()
        assert said in page.replace("'", "&#39;")


async def test_every_file_of_a_run_is_in_the_store(tmp_path: Path) -> None:
    await run(tmp_path, MANY[:2], FunctionJudge(sound(lambda _: reply(4))))
    store = Store.open(settings(tmp_path).store)
    names = [key.rsplit("/", 1)[1] for key in await store.list("default/shop/bot/evaluations/weekly/r1")]
    assert names == ["judgements.jsonl.gz", "plan.json", "report.html", "report.json", "report.md"]
    lines = gzip.decompress(
        await store.get("default/shop/bot/evaluations/weekly/r1/judgements.jsonl.gz")
    ).splitlines()
    assert len(lines) == 2 * 4
    assert json.loads(lines[0])["outcome"] == "passed"


async def test_a_judge_of_garbage_lowers_coverage_and_never_the_pass_rate(tmp_path: Path) -> None:
    def sometimes(messages: Sequence[Message]) -> Reply:
        return Reply("★ garbage ★") if "number 1" in messages[1]["content"] else reply(5)

    summary, found = await run(tmp_path, MANY, FunctionJudge(sound(sometimes)))
    for metric in summary.metrics:
        assert metric.pass_rate == 1.0
        assert (metric.passed, metric.failed, metric.errors) == (29, 0, 11)
        assert (metric.verdict, metric.reason) == (Verdict.INCONCLUSIVE, "LowCoverage")
    assert found.details[0].coverage == 29 / 40
    assert found.details[0].if_errors_failed == 29 / 40
    assert "not the JSON object" in summary.message


async def test_a_judge_of_nothing_but_garbage_leaves_the_rate_unknown(tmp_path: Path) -> None:
    summary, _ = await run(tmp_path, MANY, FunctionJudge(lambda _: Reply("no")))
    assert all(metric.pass_rate is None and metric.low is None for metric in summary.metrics)
    assert summary.judge_healthy is None


async def test_two_records_alone_are_inconclusive(tmp_path: Path) -> None:
    for score in (1, 5):
        judge = FunctionJudge(sound(lambda _, score=score: reply(score)))
        summary, _ = await run(tmp_path / str(score), MANY[:2], judge)
        for metric in summary.metrics:
            assert (metric.verdict, metric.reason) == (Verdict.INCONCLUSIVE, "TooFewSamples")


async def test_a_judge_that_a_probe_can_lead_holds_every_verdict(tmp_path: Path) -> None:
    summary, _ = await run(tmp_path, MANY, FunctionJudge(lambda _: reply(5)))
    assert summary.judge_healthy is False
    assert {(each.verdict, each.reason) for each in summary.metrics} == {
        (Verdict.INCONCLUSIVE, "JudgeUnhealthy")
    }
    assert all(each.pass_rate == 1.0 for each in summary.metrics)


async def test_probes_are_in_the_report_and_in_no_rate(tmp_path: Path) -> None:
    summary, found = await run(tmp_path, MANY, FunctionJudge(sound(lambda _: reply(5))))
    assert len(found.probes) == 9
    assert all(each.outcome is Outcome.FAILED for each in found.probes)
    assert summary.metrics[0].failed == 0


async def test_identical_records_are_judged_once_and_count_once(tmp_path: Path) -> None:
    same = {"inputs": {"query": "the same"}, "outputs": {"reply": "bad", "docs": ["x"]}}
    records = [*MANY[:10], *(record(number, **same) for number in range(100, 130))]
    judge = FunctionJudge(sound(lambda messages: reply(1 if "the same" in messages[1]["content"] else 5)))
    summary, found = await run(tmp_path, records, judge)
    assert summary.sampled == 11
    assert judge.calls == 9 + 11 * 4
    assert (summary.metrics[0].passed, summary.metrics[0].failed) == (10, 1)
    assert found.details[0].traffic_pass_rate == 10 / 40
    assert len(found.rows[0].record_ids) == 30


async def test_rates_are_told_apart_by_revision(tmp_path: Path) -> None:
    records = [record(n, revision="old" if n < 10 else "new") for n in range(40)]
    judge = FunctionJudge(sound(lambda messages: reply(1 if "number 3" in messages[1]["content"] else 5)))
    _, found = await run(tmp_path, records, judge)
    assert [(each.revision, each.judged, each.pass_rate) for each in found.details[0].revisions] == [
        ("new", 30, 20 / 30),
        ("old", 10, 9 / 10),
    ]


async def test_no_records_is_a_finished_run_that_says_so(tmp_path: Path) -> None:
    judge = FunctionJudge(lambda _: reply(5))
    summary, _ = await run(tmp_path, [], judge)
    assert (summary.problem, summary.records, summary.judge_healthy) == ("NoRecords", 0, None)
    assert all(each.pass_rate is None for each in summary.metrics)
    assert judge.calls == 0


async def test_a_mapping_that_leads_nowhere_is_named_and_costs_no_call(tmp_path: Path) -> None:
    judge = FunctionJudge(lambda _: reply(5))
    mapping = Mapping(prompt="inputs.question", completion="outputs.reply", context="outputs.docs")
    summary, _ = await run(tmp_path, MANY, judge, mapping=mapping)
    assert summary.problem == "MappingInvalid"
    assert "inputs.question: inputs has no 'question', it has: query" in summary.message
    assert {(each.not_evaluable, each.reason) for each in summary.metrics} == {(40, "TooFewEvaluable")}
    assert judge.calls == 0


async def test_without_context_only_groundedness_cannot_be_judged(tmp_path: Path) -> None:
    mapping = Mapping(prompt="inputs.query", completion="outputs.reply")
    summary, _ = await run(tmp_path, MANY, FunctionJudge(sound(lambda _: reply(5))), mapping=mapping)
    reasons = {each.name: each.reason for each in summary.metrics}
    assert reasons["groundedness"] == "TooFewEvaluable"
    assert reasons["relevance"] == "AboveThreshold"
    assert summary.message == "groundedness: the monitor maps no context"
    assert summary.problem == ""


async def test_a_wrong_key_stops_the_run_at_once_and_the_rest_is_skipped(tmp_path: Path) -> None:
    def refuse(_: Sequence[Message]) -> Reply:
        raise JudgeStopError("unauthorized", "the judge's key is not accepted (401)", "JudgeUnauthorized")

    judge = FunctionJudge(refuse)
    summary, _ = await run(tmp_path, MANY, judge)
    assert summary.problem == "JudgeUnauthorized"
    assert judge.calls <= 8
    assert {(each.skipped, each.errors, each.verdict) for each in summary.metrics} == {
        (40, 0, Verdict.INCONCLUSIVE)
    }


async def test_a_judge_that_nothing_reaches_is_not_asked_for_every_row(tmp_path: Path) -> None:
    def away(_: Sequence[Message]) -> Reply:
        raise TemporaryJudgeError("unreachable", "connection refused")

    judge = FunctionJudge(away)
    changes = {"judge": settings(tmp_path).judge.model_copy(update={"max_attempts": 1})}
    summary, _ = await run(tmp_path, MANY, judge, **changes)
    assert (summary.problem, summary.message) == ("JudgeUnreachable", "connection refused")
    assert judge.calls == 9


async def test_a_run_that_is_out_of_time_reports_what_it_has(tmp_path: Path) -> None:
    summary, found = await run(
        tmp_path,
        MANY,
        FunctionJudge(sound(lambda _: reply(5))),
        seconds=-1,
        verdict=VerdictSettings(min_samples=1),
    )
    assert all(each.skipped == 40 and each.verdict is Verdict.INCONCLUSIVE for each in summary.metrics)
    assert found.rows[0].judgements[0].reason == "the run's time was up"


async def test_a_retry_of_a_run_writes_the_same_plan_and_a_new_report(tmp_path: Path) -> None:
    first, _ = await run(tmp_path, MANY, FunctionJudge(sound(lambda _: Reply("garbage"))), max_records=10)
    again, found = await run(
        tmp_path,
        [record(n, time=NOW - timedelta(hours=2)) for n in range(900, 990)],
        FunctionJudge(sound(lambda _: reply(5))),
        max_records=10,
    )
    assert first.sampled == again.sampled == 10
    assert {id_ for row in found.rows for id_ in row.record_ids} <= {each.id for each in MANY}
    assert found.summary.metrics[0].passed == 10
