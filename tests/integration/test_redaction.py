"""The collector as a process with a policy: it stores nothing before it has one, and no secret then."""

from pathlib import Path

import orjson

from flow_runtime import spool
from flow_runtime.contracts.settings import RedactSettings, StoreSettings
from flow_runtime.patterns.find import KINDS
from tests.integration.collector_world import World, finish, stored_lines
from tests.redaction.measure import core, corpus, measure
from tests.redaction.planted import SECRETS
from tests.unit.evaluator_parts import record


async def test_a_hash_key_that_comes_late_lets_through_what_has_waited_for_it(tmp_path: Path) -> None:
    redact = RedactSettings(hash_key=tmp_path / "pepper", hash_key_secret="pepper")
    world = World(tmp_path, StoreSettings(url=(tmp_path / "store").as_uri()), redact, user="inputs.query")
    collector = world.start()
    world.write(0, 3)
    await world.until(lambda: world.state.reason == "HashKeyInvalid")
    assert "the Secret pepper is missing" in world.state.message
    assert not (tmp_path / "store").exists()
    (tmp_path / "pepper").mkdir()
    (tmp_path / "pepper" / "hash_key").write_text("0123456789abcdef")
    await world.until(lambda: world.state.stored == 3)
    finish(collector)
    assert world.state.reason == ""
    assert world.state.redacted == {"hashed": 3, "user": 3}


async def test_no_secret_that_the_corpus_says_is_caught_is_in_an_object_a_log_line_or_the_state(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, StoreSettings(url=(tmp_path / "store").as_uri()), RedactSettings(patterns=KINDS))
    collector = world.start()
    texts = corpus(SECRETS)
    for number, (_, _, text) in enumerate(texts):
        made = record(number, inputs={"query": text}, outputs={"reply": [text, {text: text}]})
        assert world.writer.append(made.model_dump_json().encode())
    world.writer.close()
    log = finish(collector)
    assert world.state.stored == len(texts) == 300
    assert spool.sealed(world.spool) == []
    records = [orjson.loads(line) for line in await stored_lines(world.store)]
    kept = [(each["inputs"]["query"], *each["outputs"]["reply"][1].popitem()) for each in records]
    everything = "\n".join([*("\n".join(texts) for texts in kept), log, world.state.model_dump_json()])
    left = {core(value) for _, value, _ in texts if core(value) in everything}
    assert left == {core(value) for row in measure().values() for value in row.missed}
