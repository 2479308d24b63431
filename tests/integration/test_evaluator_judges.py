"""The evaluator as a process, against judges over HTTP that misbehave in every way that servers do."""

import asyncio
import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from aiohttp import web

from flow_runtime.contracts.run import Verdict
from flow_runtime.contracts.settings import ConnectionType
from tests.integration.evaluator_world import (
    World,
    completion,
    is_probe,
    judgement,
    questions,
    run_against,
)
from tests.integration.processes import free_port, llm_that

pytestmark = pytest.mark.timeout(120)


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


async def test_a_judge_connection_without_a_key_is_named(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/v1")
    (tmp_path / "judge" / "api_key").unlink()
    code, summary, _ = await world.run()
    assert (code, summary.problem) == (1, "JudgeConnectionInvalid")
    assert "api_key" in summary.message
