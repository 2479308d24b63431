"""A real API server takes what we show and what we build: examples, golden inputs, golden children."""

from typing import Any

import pytest
import yaml

from tests.api.client import Api, Manifest
from tests.api.conftest import ROOT, Kubectl
from tests.unit.golden import FOLDER, cases, children

EXAMPLES = sorted((ROOT / "examples").rglob("kubernetes/*.yaml"))
INPUTS = sorted(FOLDER.glob("*.input.yaml"))


def shown(path: Any) -> str:
    return str(path.relative_to(ROOT))


def accepted(kubectl: Kubectl, namespace: str, manifests: list[Manifest]) -> str:
    """Apply manifests on trial, as the operator does, in a namespace of the test; none may be refused."""
    moved = [
        manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}} for manifest in manifests
    ]
    apply = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    return kubectl(*apply, given={"apiVersion": "v1", "kind": "List", "items": moved})


@pytest.mark.parametrize("path", [*EXAMPLES, *INPUTS], ids=shown)
def test_the_api_server_accepts_the_example(path: Any, namespace: str, kubectl: Kubectl) -> None:
    manifests = list(yaml.safe_load_all(path.read_text()))
    assert accepted(kubectl, namespace, manifests).count("serverside-applied") == len(manifests)


@pytest.mark.parametrize("case", cases())
def test_the_api_server_accepts_every_child_of(case: str, namespace: str, kubectl: Kubectl) -> None:
    manifests = children(case)
    if manifests:
        assert accepted(kubectl, namespace, manifests).count("serverside-applied") == len(manifests)


@pytest.fixture
def restricted(namespace: str, api: Api) -> str:
    """The path of a namespace that admits only pods of the strictest Pod Security Standard."""
    path = f"/api/v1/namespaces/{namespace}"
    enforced = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    assert api.call("PATCH", path, enforced, "application/merge-patch+json").code == 200
    return path


def pod_of(manifest: Manifest) -> Manifest | None:
    spec = manifest.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return template and {"metadata": template["metadata"] | {"name": "trial"}, "spec": template["spec"]}


@pytest.mark.parametrize("case", cases())
def test_the_pods_are_admitted_where_pod_security_is_restricted(case: str, restricted: str, api: Api) -> None:
    for manifest in children(case):
        if manifest["kind"] == "ServiceAccount":
            account = {"metadata": {"name": manifest["metadata"]["name"]}}
            assert api.call("POST", f"{restricted}/serviceaccounts", account).code == 201
        if pod := pod_of(manifest):
            answer = api.call("POST", f"{restricted}/pods", pod, dryRun="All", fieldValidation="Strict")
            assert answer.code == 201, answer.message


def test_a_privileged_pod_would_not_be_admitted_there(restricted: str, api: Api) -> None:
    pod = {"metadata": {"name": "trial"}, "spec": {"containers": [{"name": "root", "image": "root"}]}}
    answer = api.call("POST", f"{restricted}/pods", pod, dryRun="All")
    assert answer.code == 403
    assert "restricted" in answer.message
