"""The collector as a process, against a real S3 server: crashes, outages, the end, what is in the bucket."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flow_runtime import spool
from flow_runtime.contracts.settings import (
    StoreSettings,
)
from flow_runtime.store import Store, StoreError
from tests.integration.collector_world import World, finish, killer, minds, stored_lines, write_and_die
from tests.integration.processes import free_port
from tests.integration.s3 import S3, s3_server, secret_folder
from tests.unit.evaluator_parts import record

# The first test may have to build the S3 server from its Go module.
pytestmark = pytest.mark.timeout(300)
QUERY = """
    select id, date, hour, inputs->>'query', outputs->>'reply', latency_ms, tokens.prompt
    from read_json($files, format = 'newline_delimited', hive_partitioning = true)
    order by id
"""


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    with s3_server(tmp_path) as server:
        yield server


async def test_what_is_collected_is_in_the_bucket_and_duckdb_reads_it(s3: S3, tmp_path: Path) -> None:
    world = World(tmp_path, s3.settings)
    collector = world.start()
    world.write(0, 30)
    await world.until(lambda: world.state.stored == 30)
    world.write(30, 12)
    world.writer.close()
    finish(collector)
    assert (world.state.stored, world.state.lost, world.state.reason) == (42, 0, "")
    assert spool.sealed(world.spool) == []
    files = f"{s3.folder}/records/prefix/default/shop/bot/records/*/*/*.jsonl.gz"
    rows = duckdb.execute(QUERY, {"files": files}).fetchall()
    assert [row[0] for row in rows] == [f"id-{number:05d}" for number in range(42)]
    assert all(row[4].startswith("Number") and row[5] == 12.5 and row[6] == 10 for row in rows)


async def test_one_who_is_told_to_end_while_he_begins_drains_all_the_same(s3: S3, tmp_path: Path) -> None:
    world = World(tmp_path, s3.settings)
    world.writer.close()
    write_and_die(world.spool, record(1).model_dump_json())
    collector = world.begin()
    minds(collector, signal.SIGTERM)
    finish(collector)
    assert len(await stored_lines(s3.settings)) == 1


async def test_the_end_stores_what_a_killed_server_left_open(s3: S3, tmp_path: Path) -> None:
    world = World(tmp_path, s3.settings)
    world.writer.close()
    collector = world.start()
    write_and_die(world.spool, record(1).model_dump_json())
    log = finish(collector)
    assert len(await stored_lines(s3.settings)) == 1
    assert "draining the spool" in log


async def test_a_collector_killed_between_put_and_remove_stores_the_same_object_again(
    s3: S3, tmp_path: Path
) -> None:
    collectors: list[subprocess.Popen[str]] = []
    async with killer(s3, lambda: collectors[0]) as endpoint:
        keys = {key: (s3.secret / key).read_text() for key in ("access_key_id", "secret_access_key")}
        secret = secret_folder(tmp_path / "through-proxy", **keys, endpoint=endpoint)
        world = World(tmp_path, s3.settings.model_copy(update={"secret": secret}))
        world.write(0, 10)
        collectors.append(world.start())
        await world.until(lambda: collectors[0].poll() is not None)
        before = await Store.open(s3.settings).list("default")
        assert len(before) == 1
        assert world.state.stored == 0
        collectors.append(world.start())
        await world.until(lambda: world.state.stored == 10)
        world.writer.close()
        await asyncio.to_thread(finish, collectors[1])
    collectors[0].communicate()
    assert await Store.open(s3.settings).list("default") == before
    lines = await stored_lines(s3.settings)
    assert len(lines) == len({json.loads(line)["id"] for line in lines}) == 10
    assert world.state.stored == 10


async def test_a_store_that_is_away_is_named_and_nothing_is_lost_when_it_returns(
    s3: S3, tmp_path: Path
) -> None:
    bucket = s3.folder / "records"
    bucket.rmdir()
    world = World(tmp_path, s3.settings)
    collector = world.start()
    world.write(0, 5)
    await world.until(lambda: world.state.reason != "")
    assert world.state.reason == "StoreNotFound"
    assert "NoSuchBucket" in world.state.message
    assert "test-secret-key" not in world.state.message
    assert world.state.spool_bytes > 0
    bucket.mkdir()
    await world.until(lambda: world.state.stored == 5)
    world.writer.close()
    log = finish(collector)
    assert (world.state.reason, world.state.message) == ("", "")
    assert "records are stored again" in log
    assert len(await stored_lines(s3.settings)) == 5


async def test_rotated_credentials_are_taken_up_without_a_restart(s3: S3, tmp_path: Path) -> None:
    right = (s3.secret / "secret_access_key").read_text()
    (s3.secret / "secret_access_key").write_text("an-old-secret")
    world = World(tmp_path, s3.settings)
    collector = world.start()
    world.write(0, 3)
    await world.until(lambda: world.state.reason != "")
    assert "an-old-secret" not in world.state.message
    (s3.secret / "secret_access_key").write_text(right)
    await world.until(lambda: world.state.stored == 3)
    world.writer.close()
    finish(collector)


async def test_a_folder_is_a_store_too(tmp_path: Path) -> None:
    world = World(tmp_path, StoreSettings(url=(tmp_path / "store").as_uri()))
    collector = world.start()
    world.write(0, 7)
    await world.until(lambda: world.state.stored == 7)
    world.writer.close()
    finish(collector)
    assert len(await stored_lines(world.store)) == 7


@pytest.mark.parametrize(
    "content", ["", "{}", '{"identity": {"namespace": "a", "deployment": "b"}, "revision": "x"}']
)
def test_settings_that_give_nothing_to_do_are_an_error_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "settings.json").write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "flow_runtime.collector", str(tmp_path / "settings.json")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(done.stderr)["level"] == "error"


async def test_put_if_absent_list_and_missing_objects_on_a_real_s3_server(s3: S3) -> None:
    store = Store.open(s3.settings)
    assert await store.put_if_absent("a/plan.json", b"first") is True
    assert await store.put_if_absent("a/plan.json", b"second") is False
    assert await store.get("a/plan.json") == b"first"
    assert await store.list("a") == ["a/plan.json"]
    assert await store.list("nothing") == []
    with pytest.raises(StoreError) as missing:
        await store.get("a/none")
    assert missing.value.reason == "ObjectMissing"


async def test_a_server_that_does_not_answer_is_unreachable(tmp_path: Path) -> None:
    keys = {
        "access_key_id": "a",
        "secret_access_key": "hush-hush",
        "endpoint": f"http://127.0.0.1:{free_port()}",
    }
    store = Store.open(StoreSettings(url="s3://b", secret=secret_folder(tmp_path / "secret", **keys)))
    began = time.monotonic()
    with pytest.raises(StoreError) as away:
        await store.put("a", b"")
    assert away.value.reason == "StoreUnreachable"
    assert "hush-hush" not in str(away.value)
    assert time.monotonic() - began < 20
