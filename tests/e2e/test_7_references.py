"""What a FlowDeployment names and what is not there is named in a condition; making it heals."""

from collections.abc import Iterator

import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Kubectl
from tests.e2e.world import SERVER, World

SECRET_SECONDS = 150
"""A kubelet that has not heard of the Secret yet looks again after a minute."""


def with_secret(name: str, secret: str) -> dict[str, object]:
    connection = {"name": "open_ai_connection", "type": "OpenAI", "secretRef": {"name": secret}}
    return resources.flow_deployment(
        name, replicas=1, connections=[connection], flow={"configMap": {"name": "whole-flow"}}
    )


def complaint(kubectl: Kubectl, name: str, about: str) -> str:
    """Wait for a condition that is False and speaks of something; returns its type and message."""

    def look() -> str | None:
        conditions = (kubectl.get("fd", name) or {}).get("status", {}).get("conditions", [])
        for each in conditions:
            if each["status"] == "False" and about in each.get("message", ""):
                return f"{each['type']}: {each['message']}"
        raise AssertionError(conditions)

    return waits.until(f"a condition of {name} about {about}", look, 60)


@pytest.fixture(scope="module")
def broken(world: World) -> Iterator[Kubectl]:
    """Four FlowDeployments that each lack one thing."""
    names = ("no-config-map", "no-secret", "no-key", "no-store-secret")
    world.kubectl.apply(
        resources.flow("whole-flow"),
        resources.flow_deployment("no-config-map", replicas=1, flow={"configMap": {"name": "late-flow"}}),
        with_secret("no-secret", "late-secret"),
        manifests.secret("keyless", {"base_url": "http://llm:8000/v1"}),
        with_secret("no-key", "keyless"),
        resources.flow_deployment(
            "no-store-secret",
            replicas=1,
            flow={"configMap": {"name": "whole-flow"}},
            collection={
                "store": {"url": "s3://records/late", "secretRef": {"name": "late-store"}},
                "spool": {"segmentSeconds": 5},
            },
        ),
    )
    yield world.kubectl
    world.kubectl("delete", "fd", *names)


@pytest.fixture(scope="module")
def complaints(broken: Kubectl) -> dict[str, str]:
    """What is said about each, all before anything is mended."""
    abouts = {"no-config-map": "late-flow", "no-secret": "late-secret", "no-key": "api_key"}
    return {name: complaint(broken, name, about) for name, about in abouts.items()}


@pytest.fixture(scope="module")
def mended(broken: Kubectl, complaints: dict[str, str]) -> Kubectl:
    key = {"api_key": "no-real-key", "base_url": "http://llm:8000/v1"}
    store = {"access_key_id": manifests.KEY, "secret_access_key": manifests.SECRET_KEY}
    broken.apply(
        resources.flow("late-flow"),
        manifests.secret("late-secret", key),
        manifests.secret("keyless", key),
        manifests.secret("late-store", store | {"endpoint": "http://store:7070", "region": "us-east-1"}),
    )
    waits.mount_now(broken, SERVER)
    return broken


def test_a_missing_config_map_is_named_and_no_pod_is_made(
    complaints: dict[str, str], broken: Kubectl
) -> None:
    assert complaints["no-config-map"].startswith("ReferencesResolved")


def test_a_missing_secret_is_named(complaints: dict[str, str]) -> None:
    assert "late-secret" in complaints["no-secret"]


def test_a_missing_key_of_a_secret_is_named(complaints: dict[str, str]) -> None:
    assert "keyless" in complaints["no-key"]


def test_pods_that_lack_a_secret_wait_and_do_not_crash(complaints: dict[str, str], broken: Kubectl) -> None:
    for name in ("no-secret", "no-key"):
        (pod,) = broken.list("pods", f"app.kubernetes.io/instance={name}")
        statuses = pod["status"]["containerStatuses"] + pod["status"].get("initContainerStatuses", [])
        assert [s["restartCount"] for s in statuses] == [0, 0]


@pytest.mark.parametrize("name", ["no-config-map", "no-secret", "no-key", "no-store-secret"])
def test_making_what_is_missing_heals(mended: Kubectl, name: str) -> None:
    waits.until_condition(mended, "fd", name, "Ready", "True", timeout=SECRET_SECONDS)
    waits.until_condition(mended, "fd", name, "ReferencesResolved", "True", timeout=SECRET_SECONDS)


def test_answers_come_once_healed(world: World, mended: Kubectl) -> None:
    for name in ("no-config-map", "no-secret", "no-key"):
        waits.until_condition(mended, "fd", name, "Ready", "True", timeout=SECRET_SECONDS)
        assert world.ask(3, 1, name)[3][0] == 200
