"""What is on which port, and how a pod says how it stands."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flow_runtime.contracts.base import STATE_LIMIT
from flow_runtime.contracts.state import FlowShape, PodState
from flow_runtime.server.app import VERSION, state_json
from flow_runtime.server.log import JSONLines
from flow_runtime.spool import CollectorState, PutSeconds, write_collector_state
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import DAG, FILES, METRICS_PORT, Pod


async def start(folder: Path, dag: str = DAG, **settings: Any) -> Pod:
    return await Pod(folder, write_flow(folder / "flow", dag, **FILES), **settings).start()


async def state(pod: Pod) -> PodState:
    return PodState.model_validate_json((await pod.call("GET", "/state", port=METRICS_PORT)).body)


async def test_a_pod_that_serves_says_so_everywhere(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    health = await pod.call("GET", "/health")
    assert (health.status, health.json["status"]) == (200, "Healthy")
    found = await state(pod)
    assert (found.ready, found.reason, found.revision) == (True, "Ready", "abc123")
    assert found.flow == FlowShape(
        kind="dag",
        inputs={"question": "string", "history": "list", "polite": "bool"},
        outputs={"answer": "string", "docs": "list"},
    )
    assert (await pod.call("GET", "/version")).json["revision"] == "abc123"
    assert (await pod.call("GET", "/livez", port=METRICS_PORT)).status == 200
    await pod.runtime.close()


async def test_a_flow_that_cannot_load_is_said_by_name_and_the_pod_lives(tmp_path: Path) -> None:
    pod = await start(tmp_path, DAG.replace("${fetch.output}", "${fetsch.output}"))
    health = await pod.call("GET", "/health")
    assert (health.status, health.json["reason"]) == (503, "FlowInvalid")
    assert health.json["message"].startswith("NodeReferenceNotFound: node 'chat'")
    assert not (await state(pod)).ready
    assert (await pod.call("GET", "/livez", port=METRICS_PORT)).status == 200
    answer = await pod.score({"question": "x"})
    assert (answer.status, answer.json["error"]["code"]) == (503, "SystemError")
    assert "NodeReferenceNotFound" in answer.json["error"]["message"]
    assert await pod.records() == []


async def test_a_load_that_fails_for_a_reason_nobody_thought_of_is_said_and_the_pod_lives(
    tmp_path: Path,
) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("disk on fire")

    pod = await Pod(tmp_path, write_flow(tmp_path / "flow", DAG, **FILES), enter=fail).start()
    found = await state(pod)
    assert (found.ready, found.reason) == (False, "FlowInvalid")
    assert found.message.startswith("InternalError: loading failed with RuntimeError")
    assert (await pod.call("GET", "/livez", port=METRICS_PORT)).status == 200
    await pod.runtime.close()


async def test_a_missing_key_is_named_and_its_coming_makes_the_pod_ready(tmp_path: Path) -> None:
    pod = Pod(tmp_path, write_flow(tmp_path / "flow", DAG, **FILES))
    (pod.secret / "api_key").unlink()
    await pod.start()
    found = await state(pod)
    assert (found.ready, found.reason) == (False, "ConnectionInvalid")
    assert "connection 'llm': its Secret is missing or empty" in found.message
    assert "api_key" in found.message
    (pod.secret / "api_key").write_text("sk-late")
    pod.runtime.refresh()
    assert (await state(pod)).ready
    assert (await pod.score({"question": "x"})).status == 200
    await pod.runtime.close()


async def test_a_node_to_capture_that_the_flow_lacks_is_an_error_of_the_flow(tmp_path: Path) -> None:
    pod = await start(tmp_path, capture_nodes=("fetch", "gone"))
    assert "captureNodes names 'gone'" in (await state(pod)).message
    await pod.runtime.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/metrics"),
        ("GET", "/state"),
        ("GET", "/score"),
        ("POST", "/health"),
        ("DELETE", "/"),
        ("POST", "/static/index.js"),
    ],
)
async def test_what_is_not_there_is_said_in_upstreams_words(method: str, path: str, tmp_path: Path) -> None:
    pod = await start(tmp_path)
    answer = await pod.call(method, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.body.decode() == (
        f"The requested api '{path[1:]}' with {method} is not supported by current app, "
        "if you entered the URL manually please check your spelling and try again."
    )
    await pod.runtime.close()


async def test_a_path_that_is_not_there_is_escaped(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    assert b"<script>" not in (await pod.call("GET", "/<script>alert(1)</script>")).body
    await pod.runtime.close()


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/score", 404), ("GET", "/health", 404), ("POST", "/state", 405)]
)
async def test_clients_paths_are_not_on_the_metrics_port(
    method: str, path: str, status: int, tmp_path: Path
) -> None:
    pod = await start(tmp_path)
    answer = await pod.call(method, path, port=METRICS_PORT)
    assert (answer.status, answer.json["error"]["code"]) == (status, "UserError")
    await pod.runtime.close()


async def test_the_version_is_the_builds_if_the_image_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = await start(tmp_path)
    own = (await pod.call("GET", "/version")).json
    assert (own["status"], own["build_info"], own["version"]) == ("Healthy", "", VERSION)
    monkeypatch.setenv("BUILD_INFO", '{"build_number": "20261122.1"}')
    built = (await pod.call("GET", "/version")).json
    assert built["version"] == "20261122.1"
    assert built["build_info"] == '{"build_number": "20261122.1"}'
    await pod.runtime.close()


async def test_a_page_of_any_origin_may_call(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    asked = {
        "origin": "https://example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, authorization",
    }
    preflight = await pod.call("OPTIONS", "/score", headers=asked)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "content-type, authorization"
    for answer in (
        await pod.score({"question": "x"}),
        await pod.score(b"{"),
        await pod.call("GET", "/health"),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
    await pod.runtime.close()


async def test_the_swagger_describes_the_flow_as_upstream_does(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "flow", DAG, **FILES)
    (flow / "samples.json").write_text('[{"question": "tents?"}, {"question": "stoves?"}]')
    pod = await Pod(tmp_path, flow).start()
    found = (await pod.call("GET", "/swagger.json")).json
    assert found["openapi"] == "3.0.0"
    assert found["info"] == {
        "title": "Promptflow[bot] API",
        "version": "1.0.0",
        "x-flow-name": "bot",
        "x-flow-type": "chat",
        "x-chat-input": "question",
    }
    assert found["components"] == {"securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}}}
    score = found["paths"]["/score"]["post"]
    taken = score["requestBody"]["content"]["application/json"]
    assert taken["schema"]["required"] == ["question", "history", "polite"]
    assert taken["schema"]["properties"] == {
        "question": {"type": "string", "description": "<b>what</b> to ask"},
        "history": {"type": "array", "items": {"type": "object", "additionalProperties": {}}},
        "polite": {"type": "boolean", "default": True},
    }
    assert taken["example"] == {"question": "tents?"}
    answered = score["responses"]["200"]["content"]["application/json"]["schema"]
    assert answered == {"type": "object", "properties": {"answer": {"type": "string"}}}
    await pod.runtime.close()


@pytest.mark.parametrize("samples", ["{", "[]", '{"a": 1}', "\x00"])
async def test_samples_that_cannot_be_used_are_no_example(samples: str, tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "flow", DAG, **FILES)
    (flow / "samples.json").write_text(samples)
    pod = await Pod(tmp_path, flow).start()
    score = (await pod.call("GET", "/swagger.json")).json["paths"]["/score"]["post"]
    assert score["requestBody"]["content"]["application/json"]["example"] == {}
    await pod.runtime.close()


async def test_there_is_no_swagger_of_a_flow_that_cannot_load(tmp_path: Path) -> None:
    pod = await start(tmp_path, "nodes: [{name: n, type: python, source: {path: gone.py}}]")
    answer = await pod.call("GET", "/swagger.json")
    assert (answer.status, "InvalidSource" in answer.json["error"]["message"]) == (503, True)
    await pod.runtime.close()


async def test_the_page_has_a_field_for_each_input_and_escapes_everything(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    answer = await pod.call("GET", "/")
    page = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'nonce-" in answer.headers["content-security-policy"]
    assert all(f'data-name="{name}"' in page for name in ("question", "history", "polite"))
    assert "&lt;b&gt;what&lt;/b&gt; to ask" in page
    assert "<b>" not in page
    await pod.runtime.close()


async def test_the_page_of_a_pod_that_is_not_ready_says_why(tmp_path: Path) -> None:
    pod = await start(tmp_path, "nodes: [{name: '<script>', type: python, source: {path: gone.py}}]")
    page = (await pod.call("GET", "/")).body.decode()
    assert "InvalidSource" in page
    assert "&lt;script&gt;" in page
    assert "<form" not in page
    await pod.runtime.close()


async def test_one_scrape_covers_server_and_collector(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    await pod.score({"question": "tents"})
    await pod.score({"question": "break"})
    await pod.score(b"{")
    put = PutSeconds(buckets=(0.1, 1.0), counts=(3, 1, 1), sum=7.5)
    write_collector_state(pod.spool, CollectorState(stored=4, lost=1, put_seconds=put))
    text = (await pod.call("GET", "/metrics", port=METRICS_PORT)).body.decode()
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["flow_requests_total", ("code", "200")] == 1
    assert found["flow_requests_total", ("code", "400")] == 1
    assert found["flow_requests_total", ("code", "500")] == 1
    assert found["flow_request_duration_seconds_count",] == 3
    assert found["flow_requests_in_flight",] == 0
    assert found["flow_node_duration_seconds_count", ("node", "chat"), ("status", "completed")] == 1
    assert found["flow_node_duration_seconds_count", ("node", "fetch"), ("status", "failed")] == 1
    assert found["flow_llm_requests_total", ("code", "200"), ("model", "m"), ("node", "chat")] == 1
    assert found["flow_tokens_total", ("model", "m"), ("node", "chat"), ("type", "completion")] == 1
    assert found["flow_records_total", ("result", "captured")] == 2
    assert found["flow_records_total", ("result", "stored")] == 4
    assert found["flow_records_total", ("result", "lost")] == 1
    assert found["flow_records_dropped_total", ("reason", "spool_full")] == 0
    assert found["flow_store_put_seconds_bucket", ("le", "1.0")] == 4
    assert found["flow_store_put_seconds_count",] == 5
    assert found["flow_store_put_seconds_sum",] == 7.5
    assert found["flow_spool_bytes",] > 0
    await pod.runtime.close()


async def test_models_named_by_callers_do_not_make_endless_series(tmp_path: Path) -> None:
    dag = DAG.replace("model: m,", 'model: "${inputs.question}",')
    pod = await start(tmp_path, dag)
    for number in range(30):
        await pod.score({"question": f"model-{number}"})
    text = pod.runtime.metrics.exposition().decode()
    models = {part.split('"')[1] for part in text.split("model=")[1:] for part in [f"={part}"]}
    assert len(models) == 21
    assert "other" in models
    await pod.runtime.close()


async def test_the_state_tells_what_became_of_the_records(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    await pod.score({"question": "tents"})
    collector = CollectorState(stored=1, lost=2, reason="StoreUnreachable", message="no\nroute")
    write_collector_state(pod.spool, collector)
    found = (await state(pod)).collection
    assert found is not None
    assert (found.captured, found.dropped, found.stored, found.lost) == (1, {}, 1, 2)
    assert (found.reason, found.message) == ("StoreUnreachable", "no route")
    await pod.runtime.close()


def test_a_state_of_very_many_inputs_stays_within_its_limit() -> None:
    flow = FlowShape(kind="dag", inputs={f"input-{number}": "string" for number in range(2000)})
    text = state_json(PodState(revision="r", ready=True, reason="Ready", flow=flow))
    assert len(text) <= STATE_LIMIT
    assert PodState.model_validate_json(text).ready


async def test_a_pod_that_ends_asks_its_clients_to_close(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    pod.app.draining = True
    assert (await pod.score({"question": "x"})).headers["connection"] == "close"
    assert (await pod.call("GET", "/health")).headers["connection"] == "close"
    await pod.runtime.close()


async def test_a_problem_is_one_json_line_without_inputs_outputs_or_keys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pod = await start(tmp_path)
    with caplog.at_level(logging.INFO):
        await pod.score({"question": "break"}, {"x-request-id": "r-1"})
        await pod.score({"question": "tents"})
        await pod.score({})
    lines = [
        JSONLines().format(record) for record in caplog.records if record.name.startswith("flow_runtime")
    ]
    [line] = [json.loads(line) for line in lines]
    assert (line["error"], line["node"], line["request_id"]) == ("ToolExecutionError", "fetch", "r-1")
    assert not any(word in lines[0] for word in ("secret stock", "sk-secret", "break"))
    await pod.runtime.close()


def test_an_exception_is_logged_without_its_text() -> None:
    try:
        raise KeyError("what a user said")
    except KeyError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "oops", None, sys.exc_info())
    line = json.loads(JSONLines().format(record))
    assert line["exception"] == "KeyError"
    assert "what a user said" not in json.dumps(line)
