"""Connections from mounted Secrets, what is sent and read, errors by class.."""

from pathlib import Path

import orjson
import pytest

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.llm.call import Call, said
from flow_runtime.llm.connection import (
    AzureOpenAIConnection,
    Connections,
    OpenAIConnection,
    read_connection,
)
from flow_runtime.llm.errors import (
    BadAnswer,
    ConnectionInvalid,
    LLMError,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    clean,
    from_status,
)
from flow_runtime.llm.wire import is_end, read_answer, read_event, request_body


def settings(folder: Path, kind: ConnectionType = ConnectionType.OPENAI, **files: str) -> ConnectionSettings:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    return ConnectionSettings(name="llm", type=kind, directory=folder)


def test_an_openai_connection_has_a_default_url_and_bears_its_key(tmp_path: Path) -> None:
    found = read_connection(settings(tmp_path, api_key="sk-1\n"))
    endpoint = found.endpoint({"model": "m"})
    assert endpoint.url == "https://api.openai.com/v1/chat/completions"
    assert endpoint.headers["authorization"] == "Bearer sk-1"
    assert endpoint.model == "m"


def test_an_openai_connection_may_point_elsewhere(tmp_path: Path) -> None:
    found = read_connection(
        settings(tmp_path, api_key="sk-1", base_url="http://llm:8080/v1/\n", organization="org")
    )
    endpoint = found.endpoint({"model": "m"})
    assert endpoint.url == "http://llm:8080/v1/chat/completions"
    assert endpoint.headers["openai-organization"] == "org"


def test_an_azure_connection_names_deployment_and_version_in_the_url(tmp_path: Path) -> None:
    found = read_connection(
        settings(tmp_path, ConnectionType.AZURE_OPENAI, api_key="k", api_base="https://r.openai.azure.com/")
    )
    endpoint = found.endpoint({"deployment_name": "gpt 4/x"})
    assert endpoint.url == (
        "https://r.openai.azure.com/openai/deployments/gpt%204%2Fx/chat/completions?api-version=2024-02-01"
    )
    assert (endpoint.headers["api-key"], endpoint.model) == ("k", "gpt 4/x")


INVALID = {
    "no Secret": (
        ConnectionType.OPENAI,
        {},
        "its Secret is missing or empty: create it with",
    ),
    "no key": (ConnectionType.OPENAI, {"base_url": "https://x"}, "its Secret has no key api_key"),
    "an empty key": (ConnectionType.OPENAI, {"api_key": " \n"}, "no key api_key"),
    "a key of two lines": (ConnectionType.OPENAI, {"api_key": "a\nb"}, "characters that no key has"),
    "no base": (ConnectionType.AZURE_OPENAI, {"api_key": "k"}, "no key api_base"),
    "a URL without a scheme": (ConnectionType.OPENAI, {"api_key": "k", "base_url": "llm:80"}, "https://"),
    "a URL of a file": (ConnectionType.OPENAI, {"api_key": "k", "base_url": "file:///etc"}, "https://"),
}


def test_what_is_wrong_with_a_secret_is_said_with_its_name(tmp_path: Path) -> None:
    named = settings(tmp_path, base_url="https://x").model_copy(update={"secret_name": "openai"})
    with pytest.raises(ConnectionInvalid, match="its Secret openai has no key api_key"):
        read_connection(named)


@pytest.mark.parametrize(("kind", "files", "says"), INVALID.values(), ids=INVALID)
def test_a_connection_is_refused_for(
    kind: ConnectionType, files: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConnectionInvalid) as refused:
        read_connection(settings(tmp_path / "secret", kind, **files))
    assert "connection 'llm'" in str(refused.value)
    assert says in str(refused.value)


def test_a_changed_key_is_taken_and_a_broken_one_keeps_the_old(tmp_path: Path) -> None:
    connections = Connections([settings(tmp_path, api_key="first")])
    assert not connections.resolved
    assert connections.refresh() == ""
    assert connections.get("llm").api_key == "first"
    (tmp_path / "api_key").write_text("second")
    connections.refresh()
    assert connections.get("llm").api_key == "second"
    (tmp_path / "api_key").write_text("")
    assert "api_key" in connections.refresh()
    assert connections.get("llm").api_key == "second"
    assert connections.resolved


def test_keys_are_not_shown(tmp_path: Path) -> None:
    for kind in (OpenAIConnection("sk-secret"), AzureOpenAIConnection("https://x", "sk-secret")):
        assert "sk-secret" not in repr(kind)
        assert "sk-secret" not in repr(kind.endpoint({}))


def test_the_body_has_the_model() -> None:
    messages = [{"role": "user", "content": "hi"}]
    openai = OpenAIConnection(name="llm", api_key="k").endpoint({"model": "m"})
    azure = AzureOpenAIConnection(name="llm", api_key="k", api_base="https://x").endpoint(
        {"deployment_name": "d"}
    )
    assert orjson.loads(request_body(openai, {"model": "m", "temperature": 0.0}, "messages", messages)) == {
        "model": "m",
        "temperature": 0.0,
        "messages": messages,
    }
    assert orjson.loads(request_body(azure, {"deployment_name": "d"}, "messages", messages)) == {
        "model": "d",
        "messages": messages,
    }


def test_text_model_and_tokens_are_taken_from_an_answer() -> None:
    call = Call("n", model="asked")
    body = {
        "model": "answered",
        "choices": [{"message": {"content": "hello"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    assert said(read_answer(orjson.dumps(body), call), {}) == "hello"
    assert (call.model, call.prompt_tokens, call.completion_tokens) == ("answered", 3, 4)


def test_an_answer_without_content_says_nothing() -> None:
    answer = read_answer(b'{"choices": [{"message": {"content": null}}], "usage": null}', Call("n"))
    assert said(answer, {}) is None


def test_with_tools_the_message_itself_is_the_answer() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    answer = read_answer(orjson.dumps({"choices": [{"message": message}]}), Call("n"))
    missing = dict.fromkeys(("refusal", "annotations", "audio", "function_call"))
    assert said(answer, {"tools": [{}]}) == {**message, **missing}
    assert said(answer, {"functions": [{}]}) == {**message, **missing}


def test_a_completion_has_a_text_and_is_asked_by_a_prompt() -> None:
    assert said(read_answer(b'{"choices": [{"text": "hello"}]}', Call("n")), {}) == "hello"
    endpoint = OpenAIConnection(name="llm", api_key="k").endpoint({"model": "m"})
    body = orjson.loads(request_body(endpoint, {"model": "m"}, "prompt", "Once", stream=True))
    assert body == {
        "model": "m",
        "prompt": "Once",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_events_give_their_pieces_and_the_last_one_the_tokens() -> None:
    call = Call("n")
    lines = [
        b'data: {"model": "m", "choices": [{"delta": {"role": "assistant", "content": ""}}]}\n',
        b"\n",
        b": comment\n",
        b'data:{"choices": [{"delta": {"content": "Hel"}}]}\r\n',
        b'data: {"choices": [{"text": "lo"}]}\n',
        b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n',
        b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n',
        b"data: [DONE]\n",
    ]
    pieces = [read_event(line, call) for line in lines]
    assert pieces == ["", None, None, "Hel", "lo", "", None, None]
    assert (call.model, call.prompt_tokens, call.completion_tokens) == ("m", 3, 4)
    assert [is_end(line) for line in lines] == [False] * 7 + [True]


def test_an_event_that_is_an_error_breaks_the_stream_off() -> None:
    with pytest.raises(Unavailable, match="broke its answer off: overloaded"):
        read_event(b'data: {"error": {"message": "overloaded"}}', Call("n"))


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"choices": [1]}', b'{"choices": [{"delta": {"content": 1}}]}', b""]
)
def test_an_event_that_is_no_piece_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_event(b"data: " + data, Call("n"))


BAD = [b"", b"{", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{}]}', b'{"choices": [{"message": "x"}]}']


@pytest.mark.parametrize("content", [*BAD, b'{"choices": [{"message": {"content": [1]}}]}'])
def test_an_answer_that_is_no_completion_is_a_bad_answer(content: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_answer(content, Call("n"))


STATUSES: list[tuple[int, type[LLMError]]] = [
    (400, Refused),
    (401, Unauthorized),
    (403, Unauthorized),
    (404, Refused),
    (408, Unavailable),
    (422, Refused),
    (429, RateLimited),
    (500, Unavailable),
    (503, Unavailable),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_status_is_temporary_or_permanent_by_its_class(status: int, kind: type[LLMError]) -> None:
    error = from_status(status, b'{"error": {"message": "why"}}', 2.0, "sk-secret")
    assert type(error) is kind
    assert str(status) in str(error)


def test_what_a_server_says_is_cut_and_keeps_no_secret() -> None:
    said = "bad key sk-abcdefghij and topsecret\n" + "x" * 1000
    error = str(from_status(400, orjson.dumps({"error": {"message": said}}), None, "topsecret"))
    assert "topsecret" not in error
    assert "sk-abc" not in error
    assert "\n" not in error
    assert len(error) < 400


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": null}', b"[]", b'{"error": {"message": null}}'])
def test_an_error_without_a_reason_is_still_an_error(body: bytes) -> None:
    assert str(from_status(500, body, None, "k")).startswith("the LLM answered 500")


def test_control_characters_are_no_part_of_a_message() -> None:
    assert clean("a\x1b[31mb\x00c\u202ed") == "a [31mb c d"
