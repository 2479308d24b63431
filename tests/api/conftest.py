"""A real API server for this folder: one for the session, with the CRDs, and a namespace for each test."""

import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api

ROOT = Path(__file__).parents[2]
CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SERVED_WITHIN_SECONDS = 120.0
TEST_SECONDS = 180

Kubectl: TypeAlias = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """The control plane; its CRDs come with `api`."""
    with ControlPlane() as started:
        yield started


@pytest.fixture(scope="session")
def crds() -> dict[str, dict[str, Any]]:
    """The committed CRDs by kind."""
    found = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    return {crd["spec"]["names"]["kind"]: crd for crd in found}


@pytest.fixture(scope="session")
def kube_config(plane: ControlPlane) -> Configuration:
    """Address and credentials of the administrator, for clients of any kind."""
    return configuration(plane)


@pytest.fixture(scope="session")
def api(plane: ControlPlane, crds: dict[str, dict[str, Any]]) -> Iterator[Api]:
    """A client of the API server, which serves both kinds."""
    with connection(plane) as client:
        install(client, list(crds.values()))
        yield client


@pytest.fixture
def namespace(api: Api) -> str:
    """A new namespace; it goes with the API server."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    created = api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert created.code == 201, created.message
    return name


@pytest.fixture(scope="session")
def kubectl(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Run kubectl against the API server and return what it prints; its failure fails the test."""
    home = tmp_path_factory.mktemp("kubectl")
    environment = {
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "KUBECONFIG": str(plane.kubeconfig),
    }

    def run(*arguments: str, given: object = None) -> str:
        text = None if given is None else json.dumps(given)
        done = subprocess.run(
            ["kubectl", *arguments], env=environment, input=text, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def configuration(plane: ControlPlane) -> Configuration:
    """Address and credentials of a control plane's administrator."""
    config = Configuration()
    load_kube_config(str(plane.kubeconfig), client_configuration=config)  # type: ignore[no-untyped-call]
    return config


def connection(plane: ControlPlane) -> AbstractContextManager[Api]:
    """A client of a control plane, closed at the end."""
    return contextlib.closing(Api(configuration(plane)))


def install(api: Api, crds: list[dict[str, Any]]) -> None:
    """Create CRDs and return when all of them are served."""
    for crd in crds:
        created = api.call("POST", CRD_PATH, crd)
        assert created.code == 201, created.message
    deadline = time.monotonic() + SERVED_WITHIN_SECONDS
    for crd in crds:
        spec = crd["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
        while not _served(api, path):
            assert time.monotonic() < deadline, f"{path} is not served"
            time.sleep(0.05)


def _served(api: Api, path: str) -> bool:
    # "404 page not found" is no JSON, and a kind that is about to be served answers so.
    return api.call("GET", path).code == 200
