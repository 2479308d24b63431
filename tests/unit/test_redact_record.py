"""What a record may hold that could carry a secret past the redactor, or be spoilt by it."""

from json import dumps
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from flow_runtime.collector.redact.limits import FIELD_BYTES
from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.policy import Policy, PolicyError, load_policy
from flow_runtime.collector.redact.rules import Action, Rules
from flow_runtime.contracts.settings import CollectionSettings

NAMED = Policy(rules=Rules({"password": Action.MASK}, {"inputs": {"form": {"name": Action.DROP}}}))


def line_of(**parts: Any) -> bytes:
    return orjson.dumps({"v": 1, "id": "r", "request_id": "r", **parts, "redacted": {}, "truncated": []})


def stored(line: bytes, policy: Policy) -> str:
    done = redact(line, policy)
    assert done.line is not None
    return done.line.decode()


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter2", "password": null}',
        '{"x": {"password": "hunter2"}, "x": 1}',
        '{"url": "http://a:80", "x": [{"password": "hunter2"}], "x": []}',
    ],
)
def test_a_rule_by_name_is_not_evaded_by_a_key_that_comes_twice_in_a_text(text: str) -> None:
    assert "hunter2" not in stored(line_of(outputs={"a": text}), NAMED)


def test_a_path_goes_on_in_json_in_a_text() -> None:
    line = line_of(inputs={"form": '{"name": "Jane Doe", "city": "Bonn"}'})
    assert orjson.loads(stored(line, NAMED))["inputs"] == {"form": '{"city":"Bonn"}'}


def test_rules_by_name_apply_to_json_in_the_message_of_an_error() -> None:
    line = line_of(error={"code": "X", "message": '{"password": "hunter2"}', "node": None})
    assert "hunter2" not in stored(line, NAMED)


@pytest.mark.parametrize("policy", [Policy(), Policy(kinds=("email",)), NAMED])
def test_a_whole_number_of_any_length_stays_as_it_is(policy: Policy) -> None:
    number = "123456789012345678901234567890"
    line = f'{{"inputs":{{"n":{number},"q":"jane@example.com"}},"user":"jane"}}'.encode()
    assert f'"n":{number}' in stored(line, policy)


def test_a_long_whole_number_can_be_hashed_and_cut() -> None:
    policy = Policy(rules=Rules({"id": Action.HASH}), key=b"k" * 32)
    number = "9" * 30
    line = f'{{"inputs":{{"id":{number},"all":[{",".join([number] * 10_000)}]}}}}'.encode()
    record = orjson.loads(stored(line, policy))
    assert record["inputs"]["id"] == policy.hash(number)
    assert record["truncated"] == ["inputs.all"]
    assert len(record["inputs"]["all"]) * 31 < FIELD_BYTES


def test_a_secret_input_is_masked_where_it_is_a_number() -> None:
    line = line_of(secret_inputs=["pin"], inputs={"pin": "123456"}, outputs={"pin": 123456, "n": 12.5})
    assert orjson.loads(stored(line, Policy()))["outputs"] == {"pin": "[secret]", "n": 12.5}


@pytest.mark.parametrize("secret", ['pa"ss\\word', "zwölf & mehr", "two\nlines", " padded "])
def test_a_secret_input_is_masked_as_json_python_and_urls_write_it(secret: str) -> None:
    texts = [secret.strip(), dumps(secret), dumps(secret, ensure_ascii=False), repr(secret), quote(secret)]
    said = "; ".join(f"sent {text} on" for text in texts)
    line = line_of(secret_inputs=["key"], inputs={"key": secret}, outputs={"log": said})
    record = orjson.loads(stored(line, Policy()))
    assert record["outputs"]["log"].count("[secret]") == len(texts)
    assert record["inputs"] == {}


def test_a_rule_with_a_field_of_a_newer_release_is_not_taken_for_the_rule_without_it() -> None:
    rule = {"name": "id", "action": "Drop", "unless": "x"}
    settings = CollectionSettings.model_validate({"store": {"url": "file:///x"}, "redact": {"keys": [rule]}})
    with pytest.raises(PolicyError, match=r"redact\.keys\.unless is not known to this runtime"):
        load_policy(settings)
