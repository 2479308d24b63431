"""The Helm chart: what it refuses, what it renders, and what the operator's account may do."""

from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from flow_operator import resources
from hack import helm

GOLDEN = Path(__file__).parent / "golden" / "chart.yaml"


def rendered(values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    texts = helm.template(values or {})
    return [
        document
        for name, text in sorted(texts.items())
        if not name.endswith("NOTES.txt")
        for document in yaml.safe_load_all(text)
        if document
    ]


def one(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [m for m in manifests if m["kind"] == kind]
    return found


def rules(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the operator itself may do: all rules but those for people."""
    roles = [m for m in manifests if m["kind"] in {"Role", "ClusterRole"}]
    return [
        rule
        for role in roles
        if not role["metadata"]["name"].endswith(("-view", "-edit"))
        for rule in role["rules"]
    ]


def granted(rules: list[dict[str, list[str]]]) -> set[tuple[str, str, str]]:
    return {
        (group, plural, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for plural in rule["resources"]
        for verb in rule["verbs"]
    }


def golden_text() -> str:
    """Everything but the CRDs, which are generated and have a golden of their own in crds/."""
    kept = [m for m in rendered() if m["kind"] != "CustomResourceDefinition"]
    return yaml.safe_dump_all(kept, sort_keys=False)


def test_the_rendered_chart_is_the_golden_one() -> None:
    assert golden_text() == GOLDEN.read_text(), "if the change is meant: python -m tests.unit.test_chart"


def test_the_linter_finds_nothing() -> None:
    assert helm.lint() == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 3}, "replica"),
        ({"image": {"registri": "x"}}, "registri"),
        ({"operator": {"tag": "x"}}, "tag"),
        ({"replicas": "three"}, "replicas"),
        ({"clusterName": "Not A Name"}, "clusterName"),
        ({"watchNamespaces": "team"}, "watchNamespaces"),
        ({"resyncSeconds": 0}, "resyncSeconds"),
        ({"logLevel": "LOUD"}, "logLevel"),
        ({"crds": {"keep": "yes"}}, "keep"),
    ],
)
def test_a_mistaken_value_is_refused_by_its_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=named):
        helm.template(values)


def test_every_value_of_the_defaults_is_described_and_known_to_the_schema() -> None:
    lines = (helm.CHART / "values.yaml").read_text().splitlines()
    keys = [i for i, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
    for i in keys:
        inner = lines[i + 1].strip() if lines[i].endswith(":") else ""
        shared = lines[i - 1].startswith(("nodeSelector:", "affinity:", "  - {key:"))
        assert lines[i - 1].startswith("#") or inner.startswith("#") or shared, lines[i]
    helm.template(yaml.safe_load("\n".join(lines)))


def test_images_come_from_the_registry_or_are_named_whole() -> None:
    deployment = one(rendered({"image": {"registry": "registry.test/team", "tag": "abc"}}), "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.test/team/flow-operator:abc"
    assert {
        "name": "FLOW_OPERATOR_RUNTIME_IMAGE",
        "value": "registry.test/team/flow-runtime:abc",
    } in container["env"]
    whole = one(rendered({"operator": {"image": "mine:1"}}), "Deployment")
    assert whole["spec"]["template"]["spec"]["containers"][0]["image"] == "mine:1"


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["team-a", "team-b"]}])
def test_the_operator_may_touch_no_secret_and_has_no_wildcard(values: dict[str, Any]) -> None:
    for rule in rules(rendered(values)):
        assert "secrets" not in rule["resources"]
        assert "*" not in rule["resources"] + rule["verbs"] + rule["apiGroups"]
        assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])
        assert rule["apiGroups"] != ["rbac.authorization.k8s.io"]


def test_the_operator_may_do_exactly_what_its_code_asks_for() -> None:
    assert granted(rules(rendered())) == granted(resources.cluster_rules() + resources.lease_rules())


def test_the_operator_may_write_no_spec_of_ours() -> None:
    ours = granted([rule for rule in rules(rendered()) if rule["apiGroups"] == ["flowoperator.dev"]])
    assert {(plural, verb) for _, plural, verb in ours if verb not in {"get", "list", "watch"}} == {
        ("flowdeployments/status", "patch"),
        ("flowmonitors/status", "patch"),
    }


def test_with_watched_namespaces_there_is_a_role_in_each_and_none_for_the_cluster() -> None:
    manifests = rendered({"watchNamespaces": ["team-a", "team-b"], "rbac": {"aggregate": False}})
    assert not [m for m in manifests if m["kind"] in {"ClusterRole", "ClusterRoleBinding"}]
    assert {m["metadata"]["namespace"] for m in manifests if m["kind"] == "Role"} == {
        "team-a",
        "team-b",
        "flow-system",
    }


def test_one_pod_has_no_disruption_budget_and_two_have_one() -> None:
    assert not [m for m in rendered() if m["kind"] == "PodDisruptionBudget"]
    assert one(rendered({"replicas": 2}), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_crds_can_be_left_out_and_let_go() -> None:
    def crds(values: dict[str, Any]) -> list[dict[str, Any]]:
        return [m for m in rendered({"crds": values}) if m["kind"] == "CustomResourceDefinition"]

    assert crds({"enabled": False}) == []
    kept, let_go = crds({}), crds({"keep": False})
    assert [m["metadata"]["name"] for m in kept] == [
        "flowdeployments.flowoperator.dev",
        "flowmonitors.flowoperator.dev",
    ]
    assert all(m["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for m in kept)
    assert not any("helm.sh/resource-policy" in m["metadata"].get("annotations", {}) for m in let_go)


def test_the_operator_pod_is_restricted() -> None:
    spec = one(rendered(), "Deployment")["spec"]["template"]["spec"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(golden_text())
