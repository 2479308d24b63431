"""The evaluator as a process, on a folder and on S3: runs from records to report, and their ends."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiohttp import web

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.run import Verdict
from flow_runtime.contracts.settings import EvaluatorSettings, StoreSettings
from flow_runtime.store import Store
from flow_runtime.store.keys import evaluation_key
from tests.integration.evaluator_world import (
    JAPANESE,
    JAPANESE_ANSWER,
    World,
    is_probe,
    judgement,
    questions,
    request_of,
    written,
)
from tests.integration.processes import llm_that, scripted_llm
from tests.integration.s3 import s3_server
from tests.unit.evaluator_parts import BOT

pytestmark = pytest.mark.timeout(300)


async def test_the_japanese_answer_that_another_monitor_failed_is_judged_with_a_reason(
    tmp_path: Path,
) -> None:
    with scripted_llm() as url:
        world = World(tmp_path, url)
        await world.put(
            [
                Record.model_validate(request_of(1, JAPANESE, JAPANESE_ANSWER)),
                Record.model_validate(request_of(2, "How heavy is the tent?", "It weighs 9 kg [doc1].")),
            ]
        )
        status, summary, _ = await world.run()
    assert (status, summary.problem, summary.sampled) == (0, "", 2)
    assert {(each.verdict, each.reason) for each in summary.metrics} == {
        (Verdict.INCONCLUSIVE, "TooFewSamples")
    }
    report = await world.report(summary)
    row = next(each for each in report.rows if each.question == JAPANESE)
    assert row.answer == JAPANESE_ANSWER
    for each in row.judgements:
        assert each.reason
        assert each.score is not None
        assert each.row_threshold == 3
    grounded = next(each for each in row.judgements if each.metric == "groundedness")
    assert grounded.outcome == "passed"
    assert any(quote.found for quote in grounded.quotes)
    html = (
        await Store.open(world.store).get(evaluation_key(BOT, "weekly", summary.run, "report.html"))
    ).decode()
    assert JAPANESE_ANSWER in html


async def test_a_whole_run_on_s3_with_the_scripted_judge(tmp_path: Path) -> None:
    with s3_server(tmp_path) as s3, scripted_llm() as url:
        world = World(tmp_path, url, s3.settings)
        await world.put(questions(60))
        environment = {"JOB_NAME": "weekly-29384756", "JOB_UID": "8f14e45f-ceea-467f-a83c-2f4b5c1d2e3f"}
        status, summary, log = await world.run(**environment)
        assert (status, summary.problem, summary.judge_healthy) == (0, "", True)
        assert summary.run == "weekly-29384756-8f14e45f"
        assert (
            summary.url
            == f"s3://records/prefix/default/shop/bot/evaluations/weekly/{summary.run}/report.html"
        )
        assert "judged 240 of 240" in log
        files = f"{s3.folder}/records/prefix/default/shop/bot/evaluations/weekly/*/judgements.jsonl.gz"
        counts = duckdb.execute(
            "select metric, count(*), count(score), min(row_threshold) from read_json($files) group by 1",
            {"files": files},
        ).fetchall()
        assert sorted(counts) == [
            (name, 60, 60, 3) for name in ("coherence", "fluency", "groundedness", "relevance")
        ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"store": StoreSettings(url="ftp://x")}, "StoreRefused"),
        ({"store": StoreSettings(url="s3://bucket", secret=Path("/nowhere"))}, "StoreSecretInvalid"),
        ({"metrics": ({"name": "tone"},)}, "MetricUnknown"),
    ],
)
async def test_what_keeps_a_run_from_being_made_is_in_the_message(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/v1")
    world.settings = EvaluatorSettings.model_validate(world.settings.model_dump() | changes)
    code, summary, log = await world.run()
    assert (code, summary.problem) == (1, problem)
    assert summary.message
    assert "Traceback" not in log


async def test_no_records_is_a_finished_run(tmp_path: Path) -> None:
    code, summary, _ = await World(tmp_path, "http://127.0.0.1:9/v1").run()
    assert (code, summary.problem) == (0, "NoRecords")


async def test_a_run_killed_half_way_goes_on_with_the_same_plan(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not is_probe(body):
            asked.set()
        return judgement(1 if is_probe(body) else 4)

    environment = {"JOB_NAME": "by-hand", "JOB_UID": "0a1b2c3d-0000-0000-0000-000000000000"}
    async with llm_that(slow) as url:
        world = World(tmp_path, url)
        await world.put(questions(30))
        process = await asyncio.create_subprocess_exec(*world.command(), env=os.environ | environment)
        await asyncio.wait_for(asked.wait(), 30)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        plan = evaluation_key(BOT, "weekly", "by-hand-0a1b2c3d", "plan.json")
        before = await Store.open(world.store).get(plan)
        code, summary, _ = await world.run(**environment)
        after = await Store.open(world.store).get(plan)
    assert (code, summary.run, summary.metrics[0].passed) == (0, "by-hand-0a1b2c3d", 30)
    assert before == after


async def test_a_run_stops_itself_before_the_deadline_and_reports_what_it_has(tmp_path: Path) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not is_probe(body) and "Quality: fluency" in body["messages"][0]["content"]:
            await asyncio.sleep(60)
        return judgement(1 if is_probe(body) else 4)

    async with llm_that(hang) as url:
        world = World(tmp_path, url)
        world.settings = world.settings.model_copy(update={"deadline_seconds": 8})
        await world.put(questions(5))
        code, summary, log = await world.run()
    assert (code, summary.problem) == (0, "")
    assert {each.name: (each.passed, each.skipped) for each in summary.metrics} == {
        "groundedness": (5, 0),
        "relevance": (5, 0),
        "coherence": (5, 0),
        "fluency": (0, 5),
    }
    assert "the run's time is up" in log


async def test_sigterm_ends_a_run_at_once_without_a_message(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.sleep(60)
        return judgement(1)

    async with llm_that(hang) as url:
        world = World(tmp_path, url)
        await world.put(questions(3))
        environment = {"FLOW_TERMINATION_LOG": str(tmp_path / "message")}
        process = await asyncio.create_subprocess_exec(
            *world.command(), env=os.environ | environment, stderr=asyncio.subprocess.PIPE
        )
        await asyncio.wait_for(asked.wait(), 30)
        process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in log
    assert not written(tmp_path / "message")
