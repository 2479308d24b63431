"""Every request that was sent is a record in the bucket, readable without us."""

import duckdb
import pytest

from tests.e2e.world import World

Answers = dict[int, tuple[int, str]]
WANTED = """
select inputs.query, outputs.reply, outputs.fetched_docs, tokens.prompt, tokens.completion, latency_ms, pod,
       revision, status, deployment, namespace, len(calls)
from records
"""


@pytest.fixture(scope="module")
def objects(world: World, traffic: Answers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A glob of the downloaded objects."""
    folder = tmp_path_factory.mktemp("bucket")
    assert world.download(f"{world.stored_by()}/records", folder)
    return str(folder / world.stored_by() / "records" / "**" / "*.jsonl.gz")


@pytest.fixture(scope="module")
def records(objects: str) -> duckdb.DuckDBPyRelation:
    return duckdb.read_json(objects)


def test_there_are_as_many_records_as_requests(
    world: World, traffic: Answers, records: duckdb.DuckDBPyRelation
) -> None:
    assert {status for status, _ in traffic.values()} == {200}
    found = [query for (query,) in records.query("records", "select inputs.query from records").fetchall()]
    assert len(found) == world.asked
    assert set(found) >= {f"How much does the lantern {number} cost?" for number in traffic}


def test_each_record_holds_inputs_outputs_tokens_and_latency(
    world: World, records: duckdb.DuckDBPyRelation
) -> None:
    pods = set()
    for query, reply, docs, prompt, completion, latency, pod, revision, *rest in records.query(
        "records", WANTED
    ).fetchall():
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
    columns = duckdb.read_json(objects, hive_partitioning=True).columns
    assert {"date", "hour"} <= set(columns)
