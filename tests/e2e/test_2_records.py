"""Every request that was sent is a record in the bucket, readable without us."""

from typing import Any

import duckdb
import pytest

from tests.e2e.world import World

Answers = dict[int, tuple[int, str]]
WANTED = """
inputs.query, outputs.reply, outputs.fetched_docs, tokens.prompt, tokens.completion, latency_ms, pod,
revision, status, deployment, namespace, len(calls)
"""


@pytest.fixture(scope="module")
def objects(world: World, traffic: Answers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A glob of the downloaded objects."""
    folder = tmp_path_factory.mktemp("bucket")
    assert world.download(f"{world.stored_by()}/records", folder)
    return str(folder / world.stored_by() / "records" / "**" / "*.jsonl.gz")


def select(objects: str, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        query = f"select {columns} from read_json($objects, hive_partitioning=true)"  # noqa: S608 - our own columns
        return database.execute(query, {"objects": objects}).fetchall()


def test_there_are_as_many_records_as_requests(world: World, traffic: Answers, objects: str) -> None:
    assert {status for status, _ in traffic.values()} == {200}
    found = [query for (query,) in select(objects, "inputs.query")]
    assert len(found) == world.asked
    assert set(found) >= {f"How much does the lantern {number} cost?" for number in traffic}


def test_each_record_holds_inputs_outputs_tokens_and_latency(world: World, objects: str) -> None:
    pods = set()
    for query, reply, docs, prompt, completion, latency, pod, revision, *rest in select(objects, WANTED):
        number = int("".join(c for c in query if c.isdigit()))
        assert reply
        assert f"The lantern {number} costs {10 + number} dollars." in docs
        assert prompt > 0
        assert completion > 0
        assert 0 < latency < 30_000
        assert len(revision) == 12
        assert rest == [200, "bot", world.kubectl.namespace, 1]
        pods.add(pod)
    assert len(pods) == 3


def test_day_and_hour_are_columns(objects: str) -> None:
    assert all(
        str(date).startswith("20") and 0 <= int(hour) < 24 for date, hour in select(objects, "date, hour")
    )
