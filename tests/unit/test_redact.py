"""One line of the spool to one line of the store."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import orjson
import pytest

from flow_runtime.collector.redact.limits import FIELD_BYTES
from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.policy import HashKeyError, Policy, PolicyError, load_policy
from flow_runtime.contracts.settings import CollectionSettings, StoreSettings
from flow_runtime.patterns.find import KINDS

KEY = "0123456789abcdef0123456789abcdef"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PNG_TEXT = base64.b64encode(PNG).decode()
PNG_DIGEST = {"sha256": hashlib.sha256(PNG).hexdigest(), "bytes": len(PNG), "media_type": "image/png"}


def line_of(**parts: Any) -> bytes:
    record = {"v": 1, "id": "r-1", "request_id": "r-1", "user": None, **parts}
    return orjson.dumps(record | {"redacted": {}, "truncated": []})


def policy_of(folder: Path | None = None, **redact: Any) -> Policy:
    outer = {name: redact.pop(name) for name in ("user", "keep_images") if name in redact}
    if folder is not None:
        (folder / "hash_key").write_text(KEY + "\n")
        redact["hash_key"] = folder
    return load_policy(
        CollectionSettings.model_validate(
            {"store": StoreSettings(url="file:///none"), "redact": redact, **outer}
        )
    )


def stored(line: bytes, policy: Policy) -> dict[str, Any]:
    done = redact(line, policy)
    assert done.line is not None
    record: dict[str, Any] = orjson.loads(done.line)
    return record


def test_a_key_is_dropped_masked_or_hashed_wherever_it_is_and_however_it_is_written(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        keys=[
            {"name": "password", "action": "Drop"},
            {"name": "full_name", "action": "Mask"},
            {"name": "customerId", "action": "Hash"},
        ],
    )
    person = {"Password": "x", "fullName": {"first": "Jane"}, "customer-id": 42, "age": 30}
    record = stored(line_of(inputs={"people": [person]}, outputs={"CUSTOMER_ID": "42"}), policy)
    [kept] = record["inputs"]["people"]
    assert kept == {"fullName": "[masked]", "customer-id": record["outputs"]["CUSTOMER_ID"], "age": 30}
    assert record["redacted"] == {"dropped": 1, "hashed": 2, "masked": 1}


def test_a_path_names_one_place_and_looks_through_lists(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, keys=[{"name": "inputs.history.outputs.answer", "action": "Mask"}])
    turn = {"inputs": {"question": "q"}, "outputs": {"answer": "a"}}
    record = stored(line_of(inputs={"history": [turn, turn]}, outputs={"answer": "b"}), policy)
    assert [each["outputs"]["answer"] for each in record["inputs"]["history"]] == ["[masked]"] * 2
    assert record["outputs"] == {"answer": "b"}


def test_a_name_of_the_record_itself_is_no_key_of_its_content() -> None:
    policy = policy_of(keys=[{"name": "inputs", "action": "Drop"}, {"name": "status", "action": "Drop"}])
    record = stored(line_of(status=200, inputs={"inputs": 1, "status": 2, "q": 3}), policy)
    assert (record["status"], record["inputs"]) == (200, {"q": 3})


def test_json_in_a_text_is_looked_into_and_else_left_as_it_is_written() -> None:
    policy = policy_of(keys=[{"name": "password", "action": "Drop"}], patterns=["email"])
    spaced = '{ "city" : "Bonn" }'
    call = '{"password": "x", "to": "jane\\u0040example.com"}'
    record = stored(line_of(outputs={"a": spaced, "b": call}), policy)
    assert record["outputs"]["a"] == spaced
    assert orjson.loads(record["outputs"]["b"]) == {"to": "[email]"}


def test_a_key_that_comes_twice_in_json_in_a_text_hides_nothing() -> None:
    record = stored(
        line_of(outputs={"a": '{"x": "jane@example.com", "x": ""}'}), policy_of(patterns=["email"])
    )
    assert "jane" not in orjson.dumps(record).decode()


def test_a_key_that_comes_twice_in_the_line_is_stored_once() -> None:
    line = b'{"inputs":{"1":"jane@example.com","1":"clean"}}'
    assert redact(line, policy_of(patterns=["email"])).line == b'{"inputs":{"1":"clean"}}'


def test_two_keys_that_are_masked_alike_stay_two() -> None:
    record = stored(line_of(outputs={"a@b.com": 1, "c@d.com": 2}), policy_of(patterns=["email"]))
    assert record["outputs"] == {"[email]": 1, "[email] 2": 2}


def test_secret_inputs_go_and_so_does_their_value_elsewhere() -> None:
    line = line_of(
        secret_inputs=["token", "unused"],
        inputs={"token": "hunter22", "q": "hi"},
        outputs={"echo": 'said {"t": "hunter22"}'},
        error={"code": "X", "message": "hunter22 is refused", "node": None},
    )
    record = stored(line, Policy())
    assert "hunter22" not in orjson.dumps(record).decode()
    assert record["inputs"] == {"q": "hi"}
    assert record["redacted"] == {"secret": 3}
    assert "secret_inputs" not in record


def test_a_user_is_kept_as_a_hash_only(tmp_path: Path) -> None:
    by_header = policy_of(tmp_path, user="x-user-id")
    by_input = policy_of(tmp_path, user="inputs.customer.id")
    from_header = stored(line_of(user="jane", inputs={"q": "hi"}), by_header)
    from_input = stored(line_of(inputs={"customer": {"id": "jane"}}), by_input)
    assert from_header["user"] == from_input["user"] == from_input["inputs"]["customer"]["id"]
    assert from_header["user"].startswith("hash:")
    assert stored(line_of(inputs={"q": "hi"}), by_input)["user"] is None
    assert stored(line_of(user="jane"), Policy())["user"] is None


def test_a_caller_cannot_pass_for_another_user_by_sending_a_hash(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, user="x-user-id")
    jane = stored(line_of(user="jane"), policy)["user"]
    assert stored(line_of(user=jane), policy)["user"] != jane


def test_a_hash_is_hmac_sha256_cut_to_128_bits(tmp_path: Path) -> None:
    wanted = hmac.new(KEY.encode(), b"jane", "sha256").hexdigest()[:32]
    assert policy_of(tmp_path, user="x").hash("jane") == f"hash:{wanted}"


def test_an_id_that_a_caller_sent_is_masked_for_what_is_no_number() -> None:
    policy = Policy(kinds=KINDS)
    assert stored(line_of(request_id="4111111111111111"), policy)["request_id"] == "4111111111111111"
    assert stored(line_of(request_id="jane@example.com"), policy)["request_id"] == "[email]"


def test_a_card_that_is_a_number_is_masked_too() -> None:
    record = stored(line_of(inputs={"card": 4111111111111111, "n": 1732300000123}), Policy(kinds=KINDS))
    assert record["inputs"] == {"card": "[creditCard]", "n": 1732300000123}


def test_feedback_and_messages_of_errors_are_masked() -> None:
    policy = policy_of(patterns=["email"])
    line = line_of(feedback="ask jane@example.com", error={"code": "X", "message": "no jane@example.com"})
    record = stored(line, policy)
    assert (record["feedback"], record["error"]["message"]) == ("ask [email]", "no [email]")


@pytest.mark.parametrize(
    "value",
    [
        f"data:image/png;base64,{PNG_TEXT}",
        PNG_TEXT,
    ],
)
def test_an_image_becomes_its_digest(value: str) -> None:
    assert stored(line_of(inputs={"photo": value}), Policy())["inputs"]["photo"] == PNG_DIGEST


def test_images_in_promptflows_objects_become_digests_in_their_place() -> None:
    basic = {"data:image/png;base64": PNG_TEXT}
    vision = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG_TEXT}"}}
    linked = {"data:image/png;url": "https://example.com/a.png"}
    record = stored(line_of(inputs={"a": [basic, vision, linked]}), Policy())
    assert record["inputs"]["a"] == [
        {"data:image/png;base64": PNG_DIGEST},
        {"type": "image_url", "image_url": {"url": PNG_DIGEST}},
        linked,
    ]


def test_an_image_in_a_text_is_noted_in_its_place() -> None:
    text = f"![logo](data:image/png;base64,{PNG_TEXT}) above"
    record = stored(line_of(outputs={"a": text}), Policy())
    assert record["outputs"]["a"].startswith(f"![logo]([image/png, {len(PNG)} bytes, sha256 ")
    assert record["outputs"]["a"].endswith("]) above")


def test_images_are_kept_where_that_is_asked_for() -> None:
    line = line_of(inputs={"photo": f"data:image/png;base64,{PNG_TEXT}", "bare": PNG_TEXT})
    assert redact(line, policy_of(keep_images=True, patterns=list(KINDS))).line == line


def test_a_field_that_is_too_large_is_cut_and_named() -> None:
    text = "日本 jane@example.com " * 20_000
    record = stored(
        line_of(inputs={"q": "hi", "doc": text}, outputs={"a": "ok"}), policy_of(patterns=["email"])
    )
    assert record["truncated"] == ["inputs.doc"]
    assert len(orjson.dumps(record["inputs"]["doc"])) <= FIELD_BYTES
    assert record["inputs"]["doc"].endswith("bytes in all]")
    assert "jane" not in record["inputs"]["doc"]
    assert record["inputs"]["q"] == "hi"


@pytest.mark.parametrize(
    "value",
    [
        ["word " * 100] * 2000,
        {str(n): "word " * 100 for n in range(2000)},
        list(range(100_000)),
        "\x01" * 300_000,
    ],
    ids=["list", "object", "numbers", "escapes"],
)
def test_a_large_field_of_any_kind_is_cut_and_keeps_its_type(value: Any) -> None:
    record = stored(line_of(outputs={"a": value}), Policy())
    assert record["truncated"] == ["outputs.a"]
    assert type(record["outputs"]["a"]) is type(value)
    assert 0.9 * FIELD_BYTES < len(orjson.dumps(record["outputs"]["a"])) <= FIELD_BYTES


def test_a_long_message_and_long_feedback_are_cut() -> None:
    long = "x" * 300_000
    record = stored(line_of(feedback=long, error={"code": "X", "message": long}), Policy())
    assert record["truncated"] == ["feedback", "error.message"]


def test_a_nest_as_deep_as_the_server_writes_it_is_kept() -> None:
    deep: Any = "jane@example.com"
    for number in range(250):
        deep = {"a": deep} if number % 2 else [deep]
    inputs = orjson.Fragment(orjson.dumps({"q": deep}))
    done = redact(line_of(inputs=inputs, outputs={"deep": inputs}), policy_of(patterns=["email"]))
    assert done.line is not None
    assert done.counts == {"email": 2}


@pytest.mark.parametrize(
    "line", [b"", b"jane@example.com", b"[1]", b"{", b"[" * 5000, b'"text"', b'{"a":NaN}']
)
def test_what_is_no_record_is_not_stored(line: bytes) -> None:
    assert redact(line, Policy()).line is None


@pytest.mark.parametrize("depth", [300, 900])
def test_what_is_too_deep_to_be_looked_at_is_not_stored(tmp_path: Path, depth: int) -> None:
    policy = policy_of(tmp_path, keys=[{"name": "id", "action": "Hash"}])
    deep = b"[" * depth + b'"jane@example.com"' + b"]" * depth
    assert redact(b'{"inputs":{"id":' + deep + b"}}", policy).line is None


def test_a_key_of_an_object_says_what_a_value_is() -> None:
    value = "0123456789abcdef0123456789abcdef"
    record = stored(line_of(inputs={"azure_openai_api_key": value, "trace": value}), Policy(kinds=KINDS))
    assert record["inputs"] == {"azure_openai_api_key": "[cloudKey]", "trace": value}


@pytest.mark.parametrize(
    "text",
    [
        'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        'log: {\\"api_key\\": \\"0123456789abcdef0123456789abcdef\\"}',
        "client secret: 0123456789abcdef0123456789abcdef",
    ],
)
def test_a_word_before_a_key_says_what_it_is(text: str) -> None:
    masked = stored(line_of(outputs={"a": text}), Policy(kinds=KINDS))["outputs"]["a"]
    assert "[cloudKey]" in masked
    assert "0123456789abcdef" not in masked


def test_a_hash_key_that_was_changed_is_used_at_once(tmp_path: Path) -> None:
    before = policy_of(tmp_path, user="x").hash("jane")
    (tmp_path / "hash_key").write_text("another key of 16 bytes")
    settings = CollectionSettings.model_validate(
        {"store": {"url": "file:///none"}, "user": "x", "redact": {"hash_key": tmp_path}}
    )
    assert load_policy(settings).hash("jane") != before


@pytest.mark.parametrize(
    ("redact_settings", "user", "said"),
    [
        ({"patterns": ["email", "faces"]}, "", "there is no 'faces', only cloudKey"),
        ({"keys": [{"name": "a", "action": "Burn"}]}, "", "'Burn' is none of Drop, Mask, Hash"),
        ({"keys": [{"name": "inputs.", "action": "Drop"}]}, "", "'inputs.' is no path"),
        ({"keys": [{"name": "_", "action": "Drop"}]}, "", "'_' is no name of a key"),
        ({"allow": ["x"]}, "", "redact.allow is not known to this runtime"),
        ({"keys": [{"name": "id", "action": "Hash"}]}, "", "hashKeySecretRef is needed"),
        ({}, "x-user-id", "hashKeySecretRef is needed"),
        (
            {"hash_key": "/none", "hash_key_secret": "pepper"},
            "x",
            "the Secret pepper is missing or has no key",
        ),
    ],
)
def test_a_policy_that_is_not_understood_is_refused_in_words(
    redact_settings: dict[str, Any], user: str, said: str
) -> None:
    with pytest.raises(PolicyError, match=said):
        policy_of(user=user, **redact_settings)


def test_a_hash_key_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hash_key").write_text("short")
    with pytest.raises(HashKeyError, match="at least 16 bytes"):
        policy_of(user="x", hash_key=tmp_path)
