"""Secrets that change under a running server: noticed, taken whole, and never taken when they are broken."""

import json
import threading
from pathlib import Path

import pytest

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType
from flow_runtime.flow.environment import set_environment
from flow_runtime.flow.errors import GetConnectionError
from flow_runtime.llm.connection import Connections
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.llm.mounted import read_secret
from flow_runtime.server.connection_metrics import ConnectionMetrics
from tests.unit.secret_mount import SecretMount

GOOD = {"api_key": "first", "base_url": "http://llm:8000/v1"}


def one(mount: SecretMount, kind: ConnectionType = ConnectionType.OPENAI) -> Connections:
    settings = ConnectionSettings(name="llm", type=kind, directory=mount.directory, secret_name="openai")
    connections = Connections([settings])
    assert connections.refresh() == ""
    return connections


def healthy(connections: Connections) -> float:
    family = next(iter(ConnectionMetrics(connections).collect()))
    assert family.name == "flow_connection_healthy"
    return {sample.labels["connection"]: sample.value for sample in family.samples}["llm"]


def test_a_swapped_secret_is_noticed_by_its_link_and_taken(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", **GOOD)
    connections = one(mount)
    assert not connections.moved
    mount.write(api_key="second", base_url="http://other/v1")
    assert connections.moved
    assert connections.refresh() == ""
    assert not connections.moved
    assert dict(connections.get("llm")) == {
        "api_key": "second",
        "base_url": "http://other/v1",
        "organization": None,
    }


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "the Secret was deleted": ({}, "its Secret openai is missing or empty"),
    "the key is missing": ({"base_url": "http://llm:8000/v1"}, "its Secret openai has no key api_key"),
    "the key is empty": (GOOD | {"api_key": " \n"}, "its Secret openai has no key api_key"),
    "the key has two lines": (GOOD | {"api_key": "a\nb"}, "api_key holds characters that no key has"),
    "the URL has no scheme": (GOOD | {"base_url": "llm:8000"}, "its URL (base_url) must begin with https://"),
    "the URL has an open bracket": (GOOD | {"base_url": "http://[::1"}, "its URL (base_url) must begin with"),
    "the URL has no such port": (GOOD | {"base_url": "http://llm:99999"}, "its URL (base_url) must begin"),
    "the URL is gone": ({"api_key": "second"}, "its Secret openai has no key base_url any more"),
}


@pytest.mark.parametrize(("keys", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_new_value_keeps_the_old_one_and_is_told(
    keys: dict[str, str], says: str, tmp_path: Path
) -> None:
    mount = SecretMount(tmp_path / "secret", **GOOD)
    connections = one(mount)
    before = connections.get("llm")
    assert healthy(connections) == 1
    mount.write(**keys)
    problem = connections.refresh()
    assert says in problem
    assert problem.startswith("connection 'llm': ")
    assert problem.endswith("; the former value stays in use")
    assert connections.get("llm") is before
    assert connections.resolved
    assert healthy(connections) == 0
    mount.write(**GOOD | {"api_key": "mended"})
    assert connections.refresh() == ""
    assert connections.get("llm")["api_key"] == "mended"
    assert healthy(connections) == 1


def test_a_custom_secret_that_lost_a_key_is_broken_and_one_that_got_a_key_is_not(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", password="p", host="h")
    connections = one(mount, ConnectionType.CUSTOM)
    mount.write(password="q")
    assert "has no key host any more" in connections.refresh()
    assert connections.get("llm")["password"] == "p"
    mount.write(password="q", host="h", port="1")
    assert connections.refresh() == ""
    assert dict(connections.get("llm")) == {"password": "q", "host": "h", "port": "1"}


def test_a_token_may_take_the_place_of_a_key(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", api_key="k", api_base="https://a")
    connections = one(mount, ConnectionType.AZURE_OPENAI)
    mount.write(auth_mode="meid_token", token="t", api_base="https://a")
    assert connections.refresh() == ""
    assert connections.get("llm").endpoint({"deployment_name": "d"}).headers["authorization"] == "Bearer t"


def test_a_key_is_never_read_with_the_url_of_another_version(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", api_key="0", base_url="0")
    ended = threading.Event()

    def rotate() -> None:
        for number in range(1, 100):
            mount.write(api_key=str(number), base_url=str(number))
        ended.set()

    kubelet = threading.Thread(target=rotate)
    kubelet.start()
    seen = []
    while not ended.is_set():
        seen.append(read_secret(mount.directory))
    kubelet.join()
    assert [found for found in seen if found and found["api_key"] != found["base_url"]] == []
    assert read_secret(mount.directory) == {"api_key": "99", "base_url": "99"}


def test_a_metric_tells_when_the_value_in_use_was_taken(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", **GOOD)
    connections = one(mount)
    first = connections.taken["llm"]
    connections.refresh()
    assert connections.taken["llm"] == first
    mount.write(**GOOD | {"api_key": "second"})
    connections.refresh()
    _, taken = ConnectionMetrics(connections).collect()
    assert taken.name == "flow_connection_taken_timestamp_seconds"
    assert taken.samples[0].value == connections.taken["llm"] > first


def test_a_variable_of_a_connection_follows_it_unless_the_flow_has_set_it(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", **GOOD)
    connections = one(mount)
    environ = {"OURS": "set by the deployment"}
    wanted = {"KEY": "${llm.api_key}", "URL": "${llm.base_url}", "OURS": "${llm.api_key}", "TEXT": "t"}
    variables = set_environment(wanted, connections.get, environ)
    environ["URL"] = "set by the flow's code"
    mount.write(api_key="second", base_url="http://other/v1")
    connections.refresh()
    variables.follow(connections.get)
    assert environ == {
        "KEY": "second",
        "URL": "set by the flow's code",
        "OURS": "set by the deployment",
        "TEXT": "t",
    }
    assert "second" not in repr(variables)


def test_a_value_that_no_variable_can_hold_leaves_the_variable_as_it_was(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", password="first")
    connections = one(mount, ConnectionType.CUSTOM)
    environ: dict[str, str] = {}
    variables = set_environment({"KEY": "${llm.password}"}, connections.get, environ)
    mount.write(password="a\0b")
    connections.refresh()
    variables.follow(connections.get)
    assert environ == {"KEY": "first"}
    with pytest.raises(GetConnectionError, match=r"KEY: .* key 'password': no variable can hold its value"):
        set_environment({"KEY": "${llm.password}"}, connections.get, {})


DOCUMENT = json.dumps({"type": "OpenAIConnection", "value": {"api_key": "of the environment"}})


def test_a_mounted_secret_goes_before_the_environment_and_after_that_there_is_nothing(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", api_key="mounted")
    mounted = ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=mount.directory)
    environ = {"llm": DOCUMENT, "other": DOCUMENT, "LLM_API_KEY": "a field", "LLM_BASE_URL": "http://field"}
    environ |= {"OPENAI_API_KEY": "of the openai package", "AZURE_OPENAI_API_KEY": "of the openai package"}
    connections = Connections([mounted], environ)
    connections.refresh()
    assert connections.get("llm")["api_key"] == "mounted"
    assert connections.get("llm")["base_url"] == "http://field"
    assert connections.get("other")["api_key"] == "of the environment"
    with pytest.raises(ConnectionInvalid, match="connection 'third' is not resolved"):
        connections.get("third")


def test_a_broken_connection_of_the_environment_stands_in_nobodys_way(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secret", api_key="k")
    mounted = ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=mount.directory)
    broken = json.dumps({"type": "Serverless", "value": {"api_key": "sk-secret"}})
    odd = json.dumps({"type": "Custom", "configs": "not a mapping"})
    environ = {"serverless": broken, "odd": odd, "good": DOCUMENT, "PROMPTFLOW_ENCODED_CONNECTIONS": "???"}
    connections = Connections([mounted], environ)
    assert connections.refresh() == ""
    assert connections.resolved
    assert connections.types.keys() == {"llm", "good"}
    assert connections.unusable.keys() == {"serverless", "odd", "PROMPTFLOW_ENCODED_CONNECTIONS"}
    with pytest.raises(ConnectionInvalid, match=r"connection 'serverless': .* needs api_base"):
        connections.get("serverless")
    assert "sk-secret" not in repr(connections.unusable)
