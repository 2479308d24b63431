"""A Secret is rotated, broken and mended while clients ask: the pods follow it in place."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import flows, manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

NAME = "rotated"
SECONDS = 120
"""From the Secret's change to its use: the kubelet looks once a minute by default, the server each second."""


def secret(**keys: str) -> Manifest:
    return manifests.secret(NAME, {"base_url": "http://key-teller:8000/v1"} | keys)


def replace(world: World, new: Manifest) -> None:
    """Give the Secret these keys and no others, as a rotation does."""
    world.kubectl("replace", "-f", "-", stdin=resources.as_text(new))


def keys_seen(world: World) -> set[tuple[int, str]]:
    """Status and key of enough answers to have met both pods."""
    return set(world.ask(1, 16, NAME).values())


def until_only(world: World, key: str) -> None:
    waits.until(f"answers by {key} alone", lambda: keys_seen(world) == {(200, key)}, SECONDS, every=1)


@pytest.fixture(scope="module")
def uids(world: World) -> Iterator[set[str]]:
    """The pods of a FlowDeployment of two, which nothing here may replace or restart."""
    world.kubectl.apply(
        secret(api_key="key-1"),
        manifests.config_map(f"{NAME}-flow", flows.WHOLE["dag"]),
        resources.flow_deployment(
            NAME,
            replicas=2,
            connections=[{"name": flows.CONNECTION, "type": "OpenAI", "secretRef": {"name": NAME}}],
            collection={"enabled": False},
        ),
    )
    world.until_served(NAME)
    pods = waits.until_ready_pods(world.kubectl, world.pods_of(NAME), 2)
    assert keys_seen(world) == {(200, "key-1")}
    yield {pod["metadata"]["uid"] for pod in pods}
    world.kubectl("delete", "fd", NAME)


def same_pods(world: World, uids: set[str]) -> bool:
    pods = world.kubectl.list("pods", world.pods_of(NAME))
    restarts = [each["restartCount"] for pod in pods for each in pod["status"]["containerStatuses"]]
    return {pod["metadata"]["uid"] for pod in pods} == uids and restarts == [0, 0]


def condition(world: World, kind: str) -> dict[str, Any]:
    return waits.condition(world.kubectl.get("fd", NAME), kind)


def healthy(world: World) -> list[str]:
    found = world.prometheus(f'flow_connection_healthy{{instance_of="{NAME}"}}')
    return [str(each["value"][1]) for each in found]


def test_a_rotated_key_arrives_in_place_and_no_request_fails(world: World, uids: set[str]) -> None:
    with world.asking_all_the_time(SECONDS + 60, NAME) as asked:
        replace(world, secret(api_key="key-2"))
        until_only(world, "key-2")
    assert asked["failures"] == []
    assert asked["sent"] > 20
    assert same_pods(world, uids)


def test_a_broken_secret_keeps_the_old_key_and_is_told(world: World, uids: set[str]) -> None:
    def told() -> bool:
        message = condition(world, "Ready")["message"]
        assert "2 of them with a connection's former value" in message, message
        assert f"its Secret {NAME} has no key api_key" in message, message
        return True

    with world.asking_all_the_time(2 * SECONDS, NAME) as asked:
        replace(world, secret())
        waits.mount_now(world.kubectl, world.pods_of(NAME))
        waits.until("the message of Ready", told, 2 * SECONDS - 30, every=1)
        assert condition(world, "Ready")["status"] == "True"
        assert condition(world, "ReferencesResolved")["status"] == "False"
        assert healthy(world) == ["0", "0"]
        assert keys_seen(world) == {(200, "key-2")}
    assert asked["failures"] == []
    assert same_pods(world, uids)


def test_mending_the_secret_is_picked_up_and_told_as_well(world: World, uids: set[str]) -> None:
    replace(world, secret(api_key="key-3"))
    waits.mount_now(world.kubectl, world.pods_of(NAME))
    until_only(world, "key-3")
    waits.until("the metric", lambda: healthy(world) == ["1", "1"], 30)
    waits.visit_now(world.kubectl, "fd", NAME)
    waits.until_condition(world.kubectl, "fd", NAME, "ReferencesResolved", "True", timeout=90)
    assert condition(world, "Ready")["message"] == "2 of 2 pods take requests"
    assert same_pods(world, uids)
