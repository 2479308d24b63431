"""POST /feedback: taken in upstream's words, kept beside the records."""

import asyncio
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.collector.loop import Collector
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.settings import SpoolSettings, StoreSettings
from flow_runtime.spool import sealed
from flow_runtime.store import Store
from flow_runtime.store.keys import feedback_key, parse_segment_key
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import DAG, FILES, Pod

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def start(folder: Path, **settings: Any) -> Pod:
    return await Pod(folder, write_flow(folder / "flow", DAG, **FILES), **settings).start()


async def kept(pod: Pod) -> list[Feedback]:
    await pod.runtime.close()
    directory = SpoolSettings(directory=pod.spool).feedback.directory
    lines = b"".join(segment.path.read_bytes() for segment in sealed(directory)).splitlines()
    assert all(set(json.loads(line)) == set(Feedback.model_fields) for line in lines)
    return [Feedback.model_validate_json(line) for line in lines]


async def test_feedback_is_kept_beside_the_records_with_the_ids_of_its_request(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    headers = {"x-request-id": "r-1", "traceparent": TRACE}
    answer = await pod.call("POST", "/feedback", b'{"rating": 1, "why": "wrong tent"}', headers)
    assert (answer.status, answer.json) == (200, {"status": "Feedback received."})
    assert answer.headers["access-control-allow-origin"] == "*"
    [found] = await kept(pod)
    assert found.feedback == {"rating": 1, "why": "wrong tent"}
    assert (found.request_id, found.trace_id) == ("r-1", "0af7651916cd43dd8448eb211c80319c")
    assert (found.deployment, found.revision, found.pod) == ("bot", "abc123", "bot-1")
    assert await pod.records() == []


@pytest.mark.parametrize(("body", "feedback"), [(b"bad answer", "bad answer"), (b"", ""), (b"5", 5)])
async def test_feedback_may_be_any_text(body: bytes, feedback: Any, tmp_path: Path) -> None:
    pod = await start(tmp_path)
    assert (await pod.call("POST", "/feedback", body)).status == 200
    [found] = await kept(pod)
    assert (found.feedback, found.request_id) == (feedback, None)


async def test_feedback_that_is_too_large_is_refused(tmp_path: Path) -> None:
    pod = await start(tmp_path, body_limit_bytes=10)
    answer = await pod.call("POST", "/feedback", b"x" * 11)
    assert (answer.status, answer.json["error"]["code"]) == (413, "UserError")
    assert await kept(pod) == []


async def test_feedback_that_cannot_be_kept_is_not_said_to_be_received(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    assert pod.runtime.feedback is not None
    big = b'"' + b"x" * (4 * 1024 * 1024) + b'"'
    answer = await pod.call("POST", "/feedback", big)
    assert (answer.status, answer.json["error"]["code"]) == (503, "SystemError")
    await pod.runtime.close()


async def test_a_segment_of_feedback_becomes_an_object_that_is_no_record(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    await pod.call("POST", "/feedback", b"bad answer", {"x-request-id": "r-1"})
    await pod.runtime.close()
    store, stop = tmp_path / "store", asyncio.Event()
    stop.set()
    directory = SpoolSettings(directory=pod.spool).feedback.directory
    opened = StoreSettings(url=store.as_uri())
    collector = Collector(
        directory,
        pod.runtime.settings.identity,
        "pod-1",
        lambda: Store.open(opened),
        Policy,
        lambda *_, **__: None,
        feedback_key,
    )
    assert await collector.run(stop, drain_seconds=5)
    [found] = store.rglob("*.gz")
    key = str(found.relative_to(store))
    assert re.fullmatch(r"default/shop/bot/feedback/date=\S{10}/hour=\d\d/pod-1-00000001-1\.jsonl\.gz", key)
    assert parse_segment_key(key) is None
    assert Feedback.model_validate_json(gzip.decompress(found.read_bytes())).request_id == "r-1"
