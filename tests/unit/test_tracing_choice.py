"""Whether a process traces, by its environment; and what a span is not."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME

from flow_runtime.contracts.settings import Identity, ServerSettings
from flow_runtime.flow.shim.models import OpenAIModelConfiguration
from flow_runtime.llm.connection import Connections, OpenAIConnection
from flow_runtime.llm.function import FunctionChat
from flow_runtime.server.app import App
from flow_runtime.server.runtime import Runtime
from flow_runtime.tracing import OFF, NoTracing
from flow_runtime.tracing.choose import choose
from flow_runtime.tracing.content import LIMIT, Content
from flow_runtime.tracing.otel import resource
from flow_runtime.tracing.spans import Spans
from tests.unit.tracing_parts import Memory

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
URL = "http://collector:4318"


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    identity = Identity(namespace="shop", deployment="bot")
    return ServerSettings(identity=identity, revision="abc123", flow=tmp_path, work=tmp_path)


def said(environ: Mapping[str, str], settings: ServerSettings) -> str:
    """Give what is said when nothing is traced."""
    lines: list[str] = []
    assert isinstance(choose(environ, settings, "bot-1", lines.append), NoTracing)
    return "\n".join(lines)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: ""},
        {ENDPOINT: URL, "OTEL_SDK_DISABLED": "TRUE"},
        {ENDPOINT: URL, "OTEL_TRACES_EXPORTER": "none"},
        {ENDPOINT: URL, "PF_DISABLE_TRACING": "true"},
    ],
    ids=str,
)
def test_nothing_is_traced_without_an_endpoint_or_where_a_variable_says_no(
    environ: Mapping[str, str], settings: ServerSettings
) -> None:
    assert said(environ, settings) == ""


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({ENDPOINT: "collector:4318"}, [ENDPOINT, "must be a URL such as http://collector:4318"]),
        ({ENDPOINT: "http://user:hidden@:0"}, ["must be a URL"]),
        ({ENDPOINT: "http://[::1"}, ["must be a URL"]),
        ({ENDPOINT: URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["http/protobuf", "4318"]),
    ],
    ids=str,
)
def test_an_endpoint_that_cannot_be_used_is_said_with_its_fix(
    environ: Mapping[str, str], words: list[str], settings: ServerSettings
) -> None:
    line = said(environ, settings)
    assert [word for word in ["nothing is traced", *words] if word not in line] == []
    assert "hidden" not in line


def test_who_sends_is_the_flowdeployment_unless_the_environment_says_otherwise(
    settings: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(OTEL_SERVICE_NAME, raising=False)
    monkeypatch.setenv(OTEL_RESOURCE_ATTRIBUTES, "team=shop,k8s.pod.name=mine")
    found = resource(settings, "bot-1", in_cluster=True).attributes
    assert (found["service.name"], found["service.version"]) == ("bot", "abc123")
    assert (found["team"], found["k8s.pod.name"], found["k8s.namespace.name"]) == ("shop", "mine", "shop")
    monkeypatch.setenv(OTEL_SERVICE_NAME, "other")
    elsewhere = resource(settings, "bot-1", in_cluster=False).attributes
    assert elsewhere["service.name"] == "other"
    assert "k8s.namespace.name" not in elsewhere


def test_nothing_is_wrapped_where_nothing_is_traced(settings: ServerSettings) -> None:
    llm, connections = FunctionChat(), Connections(())
    runtime = Runtime(settings, "bot-1", connections, llm)
    app = App(runtime, 9090)
    assert runtime.services.llm is llm
    assert OFF.application(app) is app


def test_content_is_bounded_and_never_an_error() -> None:
    shown = Content(True)
    assert shown.text("x" * (LIMIT + 5)) == "x" * LIMIT
    assert shown.json({"a": os, 1: "b"}) == '{"a":"<module>","1":"b"}'
    assert shown.json("\ud800") == '"<str>"'
    assert Content(False).json({"a": 1}) is None


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "half \ud800", ("\ud800",), 1e308, "é"], ids=ascii)
def test_no_value_of_others_keeps_a_batch_from_being_sent(value: Any) -> None:
    memory = Memory(content=True)
    span = Spans(memory.provider.get_tracer("test"), Content(True)).begin("x", "Function", {"begun": value})
    span.set({"set": value})
    span.end(ValueError(value))
    assert encode_spans(memory.spans).SerializeToString()


def test_no_key_is_shown_of_what_functions_are_given() -> None:
    @dataclass
    class Mine:
        size: int
        models: list[OpenAIModelConfiguration]

    configuration = OpenAIModelConfiguration(model="m", api_key="sk-hidden")
    given = {"c": OpenAIConnection("sk-hidden"), "mine": Mine(1, [configuration])}
    written = Content(True).json(given)
    shown = '{"size":1,"models":["<OpenAIModelConfiguration>"]}'
    assert written == '{"c":"<OpenAIConnection>","mine":' + shown + "}"


def test_messages_are_shown_by_their_parts() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    call = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    written = Content(True).asked(
        [
            {"role": "user", "content": [{"type": "text", "text": "see"}, image]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "done"},
        ]
    )
    assert written is not None
    assert "AAAA" not in written
    assert '"uri":"data:image/png;base64"' in written
    assert '{"type":"tool_call","id":"1","name":"f","arguments":"{}"}' in written
    assert '{"type":"tool_call_response","id":"1","response":"done"}' in written
