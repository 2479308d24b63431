"""The evaluator as a process: the scripted LLM and misbehaving judges, over HTTP, on a folder and on S3."""

import asyncio
import gzip
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import duckdb
import pytest
from aiohttp import web

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.run import RunSummary, Verdict
from flow_runtime.contracts.settings import ConnectionType, EvaluatorSettings, StoreSettings, settings_json
from flow_runtime.evaluator.report import Report
from flow_runtime.store import Store
from flow_runtime.store.keys import evaluation_key, segment_key
from tests.integration.processes import Handler, free_port, llm_that, scripted_llm
from tests.integration.s3 import s3_server, secret_folder
from tests.unit.evaluator_parts import BOT, settings

pytestmark = pytest.mark.timeout(300)

ORDER = (
    "[doc1]\nTrailMaster X4 tent: sleeps four, 3.2 kg, 250 dollars.\n\n"
    "[doc3]\nOrder 8142: Daniel Wilson ordered the BaseCamp Folding Table on May 7th, 2023."
)
JAPANESE = "Daniel Wilson が BaseCamp Folding Table を注文したのはいつですか？"
JAPANESE_ANSWER = "Daniel Wilson は May 7th, 2023 に BaseCamp Folding Table を注文しました [doc3]。"


def request_of(number: int, query: str, reply: str) -> dict[str, Any]:
    return {
        "id": f"id-{number:05d}",
        "time": datetime.now(UTC).isoformat(),
        "namespace": "shop",
        "deployment": "bot",
        "revision": "0123456789ab",
        "pod": "bot-1",
        "request_id": f"r{number}",
        "inputs": {"query": query},
        "outputs": {"reply": reply, "docs": ORDER},
        "status": 200,
        "latency_ms": 10,
    }


def questions(count: int) -> list[Record]:
    return [
        Record.model_validate(
            request_of(n, f"How heavy is tent {n}?", "The TrailMaster X4 tent weighs 3.2 kg [doc1].")
        )
        for n in range(count)
    ]


class World:
    """A store with records, and runs over them."""

    def __init__(
        self, folder: Path, judge_url: str, store: StoreSettings | None = None, **judge: Any
    ) -> None:
        self._folder = folder
        self.store = store or StoreSettings(url=(folder / "store").as_uri())
        keys = {
            "base_url": judge_url,
            "api_base": judge_url.removesuffix("/v1"),
            "api_key": "sk-test-judge-key",
        }
        connection = {"name": "judge", "type": "OpenAI", "directory": secret_folder(folder / "judge", **keys)}
        made = settings(folder, lookback_seconds=24 * 3600, store=self.store)
        self.settings: EvaluatorSettings = made.model_validate(
            made.model_dump() | {"judge": {"connection": connection, "model": "judge-1", **judge}}
        )

    async def put(self, records: Sequence[Record]) -> None:
        data = gzip.compress("".join(each.model_dump_json() + "\n" for each in records).encode())
        key = segment_key(BOT, records[0].time, "pod", 1, len(records))
        await Store.open(self.store).put(str(key), data)

    def command(self) -> tuple[str, ...]:
        file = self._folder / "settings.json"
        file.write_text(settings_json(self.settings))
        return sys.executable, "-m", "flow_runtime.evaluator", str(file)

    async def run(self, **environment: str) -> tuple[int, RunSummary, str]:
        """Make a run; gives exit status, the summary of the termination message, and the log."""
        message = self._folder / "termination-log"
        process = await asyncio.create_subprocess_exec(
            *self.command(),
            env=os.environ | {"FLOW_TERMINATION_LOG": str(message)} | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, log = await process.communicate()
        assert process.returncode is not None
        data = await asyncio.to_thread(message.read_bytes)
        assert data == out.strip()
        assert len(data) <= 4096
        assert "sk-test-judge-key" not in log.decode() + out.decode()
        return process.returncode, RunSummary.model_validate_json(data), log.decode()

    async def report(self, summary: RunSummary) -> Report:
        key = evaluation_key(BOT, "weekly", summary.run, "report.json")
        return Report.model_validate_json(await Store.open(self.store).get(key))


def written(file: Path) -> bool:
    return file.exists()


def completion(content: str, **message: Any) -> web.Response:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content} | message,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return web.json_response(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-1",
            "choices": [choice],
            "usage": usage,
        }
    )


def judgement(score: object) -> web.Response:
    return completion(json.dumps({"reason": "Because.", "quotes": [], "score": score}))


def is_probe(body: dict[str, Any]) -> bool:
    return "Alder backpack" in body["messages"][1]["content"]


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


async def test_a_judge_of_garbage_lowers_coverage_and_never_the_pass_rate(tmp_path: Path) -> None:
    async def half_garbage(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if is_probe(body):
            return judgement(1)
        garbage = crc32(body["messages"][1]["content"].encode()) % 2
        return completion("★★★☆☆") if garbage else judgement(5)

    async with llm_that(half_garbage) as url:
        world = World(tmp_path, url)
        await world.put(questions(40))
        status, summary, _ = await world.run()
    assert status == 0
    for metric in summary.metrics:
        assert metric.pass_rate == 1.0
        assert metric.failed == 0
        assert metric.errors > 4
        assert (metric.verdict, metric.reason) == (Verdict.INCONCLUSIVE, "LowCoverage")


async def run_against(
    tmp_path: Path, handler: Handler, count: int = 40, **judge: Any
) -> tuple[int, RunSummary, str]:
    async with llm_that(handler) as url:
        world = World(tmp_path, url, **judge)
        await world.put(questions(count))
        return await world.run()


async def test_a_judge_that_obeys_the_material_holds_every_verdict(tmp_path: Path) -> None:
    async def obedient(_: web.Request) -> web.StreamResponse:
        return judgement(5)

    _, summary, _ = await run_against(tmp_path, obedient)
    assert summary.judge_healthy is False
    assert {each.reason for each in summary.metrics} == {"JudgeUnhealthy"}


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_key_without_rights_or_credit_stops_the_run_early(tmp_path: Path, status: int) -> None:
    calls = []

    async def refuse(_: web.Request) -> web.StreamResponse:
        calls.append(1)
        return web.json_response({"error": {"message": "no: sk-test-judge-key"}}, status=status)

    code, summary, _ = await run_against(tmp_path, refuse)
    assert (code, summary.problem) == (1, "JudgeUnauthorized")
    assert len(calls) <= 8
    assert all(each.pass_rate is None and each.skipped == 40 for each in summary.metrics)


async def test_exhausted_credit_that_looks_like_a_rate_limit_stops_the_run(tmp_path: Path) -> None:
    async def broke(_: web.Request) -> web.StreamResponse:
        error = {
            "message": "You exceeded your current quota",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        }
        return web.json_response({"error": error}, status=429)

    code, summary, _ = await run_against(tmp_path, broke)
    assert (code, summary.problem) == (1, "JudgeUnauthorized")
    assert "credit" in summary.message


@pytest.mark.parametrize("accepted", ["json_object", None])
async def test_a_server_without_schemas_is_learned_once_and_judges_all(
    tmp_path: Path, accepted: str | None
) -> None:
    refused = []

    async def old_server(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        wanted = body.get("response_format", {}).get("type")
        if wanted != accepted:
            refused.append(wanted)
            return web.json_response(
                {"error": {"message": f"response_format {wanted} is not known"}}, status=400
            )
        score = 1 if is_probe(body) else 4
        text = json.dumps({"reason": "Because.", "quotes": [], "score": score})
        return completion(text if accepted else f"Here you are:\n```json\n{text}\n```")

    _, summary, _ = await run_against(tmp_path, old_server)
    assert summary.problem == ""
    assert all((each.passed, each.errors) == (40, 0) for each in summary.metrics)
    assert len(refused) <= 2 * 8


async def test_parameters_that_a_model_refuses_are_given_up(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    async def picky(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        for name in ("temperature", "max_completion_tokens", "max_tokens"):
            if name in body:
                error = {"message": f"Unsupported parameter: '{name}'", "param": name}
                return web.json_response({"error": error}, status=400)
        seen.append(body)
        return judgement(1 if is_probe(body) else 4)

    _, summary, _ = await run_against(tmp_path, picky)
    assert all(each.passed == 40 for each in summary.metrics)
    assert all(body["response_format"]["type"] == "json_schema" for body in seen)


async def test_a_busy_server_is_asked_again_after_the_time_it_names(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    async def busy_once(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        key = json.dumps(body["messages"])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 1:
            return web.json_response(
                {"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"}
            )
        return judgement(1 if is_probe(body) else 4)

    _, summary, _ = await run_against(tmp_path, busy_once, count=3)
    assert all((each.passed, each.errors) == (3, 0) for each in summary.metrics)


async def test_a_judge_that_hangs_is_a_timeout_and_no_score(tmp_path: Path) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        if is_probe(await request.json()):
            return judgement(1)
        await asyncio.sleep(60)
        return judgement(5)

    _, summary, _ = await run_against(tmp_path, hang, count=2, timeout_seconds=0.3, max_attempts=1)
    assert {(each.passed, each.errors) for each in summary.metrics} == {(0, 2)}
    assert "no reply within 0.3 s" in summary.message


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", "{}", '{"choices": []}', '{"choices": [{"message": null}]}']
)
async def test_a_server_that_does_not_speak_the_api_is_an_error_and_no_traceback(
    tmp_path: Path, body: str
) -> None:
    async def odd(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    code, summary, log = await run_against(tmp_path, odd, count=2, max_attempts=1)
    assert code == 0
    assert {(each.passed, each.failed, each.errors) for each in summary.metrics} == {(0, 0, 2)}
    assert "Traceback" not in log


async def test_a_judge_that_nobody_reaches_ends_the_run_with_its_name(tmp_path: Path) -> None:
    world = World(tmp_path, f"http://127.0.0.1:{free_port()}/v1", max_attempts=1)
    await world.put(questions(3))
    code, summary, _ = await world.run()
    assert (code, summary.problem) == (1, "JudgeUnreachable")


async def test_an_azure_connection_asks_its_deployment_with_key_and_version(tmp_path: Path) -> None:
    seen = []

    async def azure(request: web.Request) -> web.StreamResponse:
        seen.append((request.path, request.query["api-version"], request.headers["api-key"]))
        return judgement(1 if is_probe(await request.json()) else 4)

    app = web.Application()
    app.router.add_post("/openai/deployments/{name}/chat/completions", azure)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world = World(tmp_path, f"http://127.0.0.1:{runner.addresses[0][1]}")
    judge = world.settings.judge
    connection = judge.connection.model_copy(update={"type": ConnectionType.AZURE_OPENAI})
    judge = judge.model_copy(update={"connection": connection})
    world.settings = world.settings.model_copy(update={"judge": judge})
    await world.put(questions(2))
    _, summary, _ = await world.run()
    await runner.cleanup()
    assert summary.metrics[0].passed == 2
    assert set(seen) == {("/openai/deployments/judge-1/chat/completions", "2024-02-01", "sk-test-judge-key")}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"store": StoreSettings(url="ftp://x")}, "StoreRefused"),
        ({"store": StoreSettings(url="s3://bucket", secret=Path("/nowhere"))}, "StoreRefused"),
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


async def test_a_judge_connection_without_a_key_is_named(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/v1")
    (tmp_path / "judge" / "api_key").unlink()
    code, summary, _ = await world.run()
    assert (code, summary.problem) == (1, "JudgeConnectionInvalid")
    assert "api_key" in summary.message


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
