"""flow.oci on a cluster that has image volumes, and on one that drops them without a word."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.conftest import connection, install
from tests.api.operator_process import Operator, flow_deployment, grant_rights
from tests.api.operator_world import World

REFERENCE = "registry.example.com/flows/bot@sha256:" + "0123456789abcdef" * 4
BEFORE_IMAGE_VOLUMES = ("--emulated-version=1.34",)
"""Image volumes were there, but switched off, up to Kubernetes 1.34."""


def oci(namespace: str) -> dict[str, Any]:
    cr = flow_deployment(namespace)
    cr["spec"]["flow"] = {"oci": {"reference": REFERENCE}}
    return cr


@pytest.fixture(scope="module")
def old_api(crds: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A namespace of a cluster without image volumes, with an operator."""
    with ControlPlane(api_server=BEFORE_IMAGE_VOLUMES) as plane, connection(plane) as api:
        install(api, list(crds.values()))
        grant_rights(api)
        assert api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "old"}}).code == 201
        with contextlib.closing(Operator(plane, api, tmp_path_factory.mktemp("operator"), "old")) as started:
            started.start()
            yield World(api, "old")


@pytest.fixture
def operator(plane: ControlPlane, api: Api, namespace: str, tmp_path: Path) -> Iterator[Operator]:
    grant_rights(api)
    with contextlib.closing(Operator(plane, api, tmp_path, namespace)) as made:
        made.start()
        yield made


def flow_volume(world: World, name: str = "bot") -> dict[str, Any]:
    deployment = world.get("Deployment", name)
    assert deployment is not None
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    found: dict[str, Any] = next(each for each in volumes if each["name"] == "flow")
    return found


def test_the_artifact_is_mounted_where_the_cluster_can(operator: Operator, api: Api, namespace: str) -> None:
    world = World(api, namespace)
    world.create("FlowDeployment", oci(namespace))
    world.revision()
    assert flow_volume(world)["image"]["reference"] == REFERENCE
    assert operator.stop() == 0


def test_a_cluster_that_cannot_says_so_and_serves_no_empty_folder(old_api: World) -> None:
    world = old_api
    world.create("FlowDeployment", oci(world.namespace))
    for condition in ("ReferencesResolved", "Ready"):
        found = world.wait_condition("FlowDeployment", "bot", condition, "False", "SourceUnsupported")
        assert "image volumes" in found["message"]
    assert world.get("Deployment", "bot") is None


def test_what_runs_goes_on_while_the_new_source_cannot_be_mounted(old_api: World) -> None:
    world = old_api
    cr = flow_deployment(world.namespace)
    cr["metadata"]["name"] = "running"
    cr["spec"]["flow"] = {"configMap": {"name": "bot"}}
    world.source()
    world.create("FlowDeployment", cr)
    before = world.revision("running")
    change = {"spec": {"flow": {"configMap": None, "oci": {"reference": REFERENCE}}}}
    world.patch("FlowDeployment", "running", change)
    world.wait_condition("FlowDeployment", "running", "ReferencesResolved", "False", "SourceUnsupported")
    assert world.revision("running") == before
    assert "configMap" in flow_volume(world, "running")
