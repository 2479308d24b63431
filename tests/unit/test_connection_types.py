"""Connections of all types: promptflow's names, from Secrets and from the environment, never shown."""

import base64
import copy
import gzip
import json
from pathlib import Path

import pytest

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.llm.connection import Connections, read_connection
from flow_runtime.llm.connection_forms import from_document, read_documents
from flow_runtime.llm.connection_services import (
    BY_KIND,
    CLASSES,
    CustomConnection,
    CustomStrongTypeConnection,
    Secret,
)
from flow_runtime.llm.connection_types import AzureOpenAIConnection, OpenAIConnection, ServerlessConnection
from flow_runtime.llm.errors import ConnectionInvalid

URL = "https://service.example.com"
FIELDS = {
    "AzureOpenAIConnection": {
        "api_base": URL,
        "api_type": "azure",
        "api_version": "2024-02-01",
        "auth_mode": "key",
        "resource_id": None,
    },
    "OpenAIConnection": {"organization": None, "base_url": None},
    "ServerlessConnection": {"api_base": URL},
    "AzureAIServicesConnection": {"endpoint": URL, "auth_mode": "key"},
    "CognitiveSearchConnection": {"api_base": URL, "api_version": "2023-11-01", "auth_mode": "key"},
    "AzureContentSafetyConnection": {
        "endpoint": URL,
        "api_version": "2023-10-01",
        "api_type": "Content Safety",
    },
    "FormRecognizerConnection": {
        "endpoint": URL,
        "api_version": "2023-07-31",
        "api_type": "Form Recognizer",
    },
    "SerpConnection": {},
    "QdrantConnection": {"api_base": URL},
    "WeaviateConnection": {"api_base": URL},
}
REQUIRED = {name: [field for field in ("api_base", "endpoint") if field in FIELDS[name]] for name in FIELDS}


def secret(folder: Path, kind: ConnectionType, name: str = "it", **files: str) -> ConnectionSettings:
    folder.mkdir(exist_ok=True)
    for key, content in files.items():
        (folder / key.replace("__", ".")).write_text(content)
    return ConnectionSettings(name=name, type=kind, directory=folder)


@pytest.mark.parametrize("name", FIELDS)
def test_a_type_has_the_attributes_and_defaults_of_promptflow(name: str, tmp_path: Path) -> None:
    kind = CLASSES[name].kind
    found = read_connection(secret(tmp_path, kind, api_key="sk-1", **dict.fromkeys(REQUIRED[name], URL)))
    assert type(found).__name__ == name == f"{found.type}Connection"
    assert {field: getattr(found, field) for field in FIELDS[name]} == FIELDS[name]
    assert found["api_key"] == "sk-1" == vars(found)["secrets"]["api_key"]
    assert dict(found) == {**FIELDS[name], "api_key": "sk-1"}
    assert "sk-1" not in repr(found)
    assert found.secret_values() == ["sk-1"]


@pytest.mark.parametrize("name", [name for name in FIELDS if REQUIRED[name]])
def test_a_field_that_a_secret_lacks_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalid, match=f"connection 'it'.* has no key {REQUIRED[name][0]}"):
        read_connection(secret(tmp_path, CLASSES[name].kind, api_key="k"))


def test_every_type_that_a_deployment_can_name_has_a_class() -> None:
    assert BY_KIND.keys() == set(ConnectionType)


def test_what_a_secret_lacks_may_come_from_a_variable_and_what_it_has_wins(tmp_path: Path) -> None:
    settings = secret(tmp_path, ConnectionType.OPENAI, name="my llm", api_key="k")
    found = read_connection(settings, {"MY_LLM_BASE_URL": URL, "MY_LLM_API_KEY": "other"})
    assert isinstance(found, OpenAIConnection)
    assert (found.base_url, found.api_key) == (URL, "k")


def test_azure_without_a_key_bears_its_token(tmp_path: Path) -> None:
    files = {"api_base": URL, "auth_mode": "meid_token"}
    found = read_connection(secret(tmp_path, ConnectionType.AZURE_OPENAI, token="t0ken", **files))
    assert isinstance(found, AzureOpenAIConnection)
    assert found.endpoint({"deployment_name": "d"}).headers["authorization"] == "Bearer t0ken"
    assert (found.get_token(), found.secret_values()) == ("t0ken", ["t0ken"])


def test_azure_without_key_and_token_says_where_a_token_can_come_from() -> None:
    found = AzureOpenAIConnection(URL, auth_mode="meid_token", name="it")
    with pytest.raises(ConnectionInvalid, match=r"connection 'it'.*AZURE_OPENAI_AD_TOKEN"):
        found.endpoint({"deployment_name": "d"})


@pytest.mark.parametrize("base", [URL, f"{URL}/", f"{URL}/v1"])
def test_serverless_is_openai_at_v1(base: str) -> None:
    endpoint = ServerlessConnection("k", base).endpoint({"model": "m"})
    assert (endpoint.url, endpoint.model) == (f"{URL}/v1/chat/completions", "m")


def test_what_is_no_llm_cannot_be_asked() -> None:
    with pytest.raises(ConnectionInvalid, match="'search' is of type Serp, which is no LLM"):
        CLASSES["SerpConnection"](api_key="k", name="search").endpoint({})


def test_a_custom_connection_has_secrets_and_configs(tmp_path: Path) -> None:
    settings = secret(tmp_path, ConnectionType.CUSTOM, password="p", configs__host="h")
    found = read_connection(settings)
    assert isinstance(found, CustomConnection)
    assert (found.secrets, found.configs) == ({"password": "p"}, {"host": "h"})
    assert (found.password, found.host, found["host"]) == ("p", "h", "h")
    assert (found.is_secret("password"), found.is_secret("host")) == (True, False)
    assert copy.deepcopy(found).password == "p"
    with pytest.raises(AttributeError, match="connection 'it' has no key 'port'"):
        _ = found.port


def test_a_custom_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalid, match="connection 'it': its Secret is missing or empty"):
        read_connection(secret(tmp_path, ConnectionType.CUSTOM))


class TheirConnection(CustomStrongTypeConnection):
    """As a package of tools would write it."""

    password: Secret
    host: str = "default"


def test_a_custom_connection_becomes_a_package_s_own_class() -> None:
    custom = CustomConnection(secrets={"password": "p"}, configs={"host": "h"}, name="it")
    theirs = custom.converted(TheirConnection)
    assert isinstance(theirs, TheirConnection)
    assert (theirs.password, theirs.host, theirs.name) == ("p", "h", "it")


def test_a_field_that_a_package_s_class_gives_a_default_may_be_missing() -> None:
    theirs = CustomConnection(secrets={"password": "p"}).converted(TheirConnection)
    assert isinstance(theirs, TheirConnection)
    assert theirs.host == "default"


YAML = """
$schema: https://example.com/OpenAIConnection.schema.json
name: llm
type: open_ai
api_key: ${env:MY_KEY}
base_url: http://llm/v1
---
name: own
type: custom
configs: {host: h}
secrets: {password: "${env:MY_KEY}"}
"""
WIRE = {
    "llm": {"type": "OpenAIConnection", "value": {"api_key": "k", "base_url": "http://llm/v1"}},
    "own": {
        "type": "CustomConnection",
        "value": {"password": "k", "host": "h"},
        "secret_keys": ["password"],
    },
}


def encoded(documents: object) -> str:
    return base64.b64encode(gzip.compress(json.dumps(documents).encode())).decode()


@pytest.mark.parametrize(
    "connections",
    [
        Connections(environ={"MY_KEY": "k"}, documents=read_documents(YAML)),
        Connections(documents=read_documents(json.dumps(WIRE))),
        Connections(environ={"PROMPTFLOW_ENCODED_CONNECTIONS": encoded(WIRE)}),
        Connections(environ={name: json.dumps(document) for name, document in WIRE.items()}),
    ],
    ids=["YAML", "JSON", "encoded", "variables"],
)
def test_connections_come_in_each_of_promptflow_s_forms(connections: Connections) -> None:
    assert connections.types == {"llm": ConnectionType.OPENAI, "own": ConnectionType.CUSTOM}
    assert connections.refresh() == ""
    assert connections.resolved
    assert dict(connections.get("llm")) == {"api_key": "k", "base_url": "http://llm/v1", "organization": None}
    assert (connections.get("own").secrets, connections.get("own").configs) == (
        {"password": "k"},
        {"host": "h"},
    )


def test_a_variable_overrides_a_field_of_the_environment_s_connections() -> None:
    found = from_document(
        "my llm", WIRE["llm"], {"MY_LLM_API_KEY": "new", "MY_LLM_ORGANIZATION": "${env:O}", "O": "o"}
    )
    assert (found["api_key"], found["organization"]) == ("new", "o")


def test_a_variable_may_give_another_name_to_a_connection() -> None:
    connections = Connections(environ={"old_name": "llm"}, documents=WIRE)
    connections.refresh()
    assert connections.types["old_name"] is ConnectionType.OPENAI
    assert connections.get("old_name") is connections.get("llm")


def test_a_mounted_secret_wins_over_the_environment(tmp_path: Path) -> None:
    settings = secret(tmp_path, ConnectionType.OPENAI, name="llm", api_key="mounted")
    connections = Connections([settings], {"llm": json.dumps(WIRE["llm"])})
    connections.refresh()
    assert connections.get("llm")["api_key"] == "mounted"


def test_a_connection_that_did_not_change_stays_the_same_object(tmp_path: Path) -> None:
    connections = Connections([secret(tmp_path, ConnectionType.OPENAI, api_key="k")])
    connections.refresh()
    first = connections.get("it")
    connections.refresh()
    assert connections.get("it") is first
    (tmp_path / "api_key").write_text("new")
    connections.refresh()
    assert connections.get("it") is not first


WRONG = {
    "no variable": ({"type": "open_ai", "api_key": "${env:NONE}"}, "api_key: there is no variable NONE"),
    "no type": ({"api_key": "k"}, "its type must be one of"),
    "a strange type": ({"type": "mainframe"}, "its type must be one of"),
    "a missing field": ({"type": "serverless", "api_key": "k"}, "needs api_base"),
}


@pytest.mark.parametrize(("document", "says"), WRONG.values(), ids=WRONG)
def test_a_document_is_refused_for(document: dict[str, str], says: str) -> None:
    with pytest.raises(ConnectionInvalid, match="connection 'it'") as refused:
        from_document("it", document, {})
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["- {type: open_ai}", "a: [", "just text", "llm: {type: 3}", "llm: 1"])
def test_a_file_that_holds_no_connections_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConnectionInvalid):
        read_documents(text)


def test_an_encoded_map_that_is_broken_is_said_and_not_shown() -> None:
    connections = Connections(environ={"PROMPTFLOW_ENCODED_CONNECTIONS": "c2stc2VjcmV0"})
    assert "PROMPTFLOW_ENCODED_CONNECTIONS must be" in "".join(connections.unusable.values())
    assert connections.resolved  # a flow may well not need them


def test_other_variables_that_hold_json_are_no_connections() -> None:
    assert Connections(environ={"A": '{"type": "x"}', "B": "{", "C": '{"type": 1}', "D": ""}).types == {}
