"""Which resources an event concerns, when a watch is deaf, and how the environment is read."""

from typing import Any

import pytest

from flow_operator import settings
from flow_operator.errors import InvalidSettings
from flow_operator.reconcile.context import Key, References
from flow_operator.resources import EVENT, LEASE, cluster_rules, lease_rules
from flow_operator.watch import keys_of
from flow_operator.work import STALL_SECONDS, Ear

FLOW = Key("FlowDeployment", "shop", "bot")
MONITOR = Key("FlowMonitor", "shop", "quality")


def thing(name: str = "x", **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"} | meta}


def owner(kind: str, name: str, api: str = "flowoperator.dev/v1alpha1") -> dict[str, Any]:
    return {"ownerReferences": [{"apiVersion": api, "kind": kind, "name": name, "uid": "u"}]}


def labels(component: str, instance: str) -> dict[str, Any]:
    return {"labels": {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": instance}}


def keys(kind: str, body: dict[str, Any], references: References | None = None) -> list[Key]:
    return list(keys_of(kind, body, references or References()))


def test_an_event_of_a_resource_concerns_that_resource() -> None:
    assert keys("FlowDeployment", thing("bot")) == [FLOW]


def test_an_event_of_a_child_concerns_its_owner_even_without_labels() -> None:
    assert keys("Service", thing(**owner("FlowDeployment", "bot"))) == [FLOW]
    assert keys("CronJob", thing(**owner("FlowMonitor", "quality"))) == [MONITOR]


def test_an_owner_of_another_group_is_none_of_ours() -> None:
    assert keys("Service", thing(**owner("FlowDeployment", "bot", "example.com/v1"))) == []


def test_pods_and_jobs_are_told_by_their_labels() -> None:
    assert keys("Pod", thing(**labels("server", "bot"))) == [FLOW]
    assert keys("Pod", thing(**labels("evaluator", "quality"))) == [MONITOR]
    assert keys("Job", thing(**labels("evaluator", "quality"))) == [MONITOR]
    assert keys("Pod", thing(**labels("else", "bot"))) == []


def test_a_config_map_concerns_those_that_name_it_and_nobody_else() -> None:
    references = References()
    references.remember(FLOW, [Key("ConfigMap", "shop", "docs")])
    assert keys("ConfigMap", thing("docs"), references) == [FLOW]
    assert keys("ConfigMap", thing("other"), references) == []
    elsewhere = {"metadata": {"name": "docs", "namespace": "else"}}
    assert keys("ConfigMap", elsewhere, references) == []
    references.remember(FLOW, [])
    assert keys("ConfigMap", thing("docs"), references) == []


def test_a_flow_deployment_concerns_the_monitors_that_name_it() -> None:
    references = References()
    references.remember(MONITOR, [FLOW])
    assert keys("FlowDeployment", thing("bot"), references) == [FLOW, MONITOR]
    references.forget(MONITOR)
    assert keys("FlowDeployment", thing("bot"), references) == [FLOW]


def version(number: int) -> dict[str, Any]:
    return thing(uid="u", resourceVersion=str(number))


def test_a_watch_that_reports_every_change_is_not_deaf() -> None:
    ear = Ear()
    for now in range(0, 1000, 100):
        ear.reported(version(now))
        assert not ear.deaf([version(now)], now)


def test_a_change_that_is_reported_a_little_late_is_forgiven() -> None:
    ear = Ear()
    assert not ear.deaf([version(1)], 0)
    ear.reported(version(1))
    assert not ear.deaf([version(1)], STALL_SECONDS + 1)


def test_a_change_that_is_never_reported_means_deaf() -> None:
    ear = Ear()
    ear.reported(version(1))
    assert not ear.deaf([version(2)], 0)
    assert not ear.deaf([version(2)], STALL_SECONDS)
    assert ear.deaf([version(2)], STALL_SECONDS + 1)


def test_changes_that_come_faster_than_the_watch_are_no_deafness() -> None:
    ear = Ear()
    assert not any(ear.deaf([version(now)], now) for now in range(0, 1000, 50))


def test_the_environment_is_read_by_name() -> None:
    read = settings.read(
        {
            "FLOW_OPERATOR_RUNTIME_IMAGE": "flow-runtime:1",
            "FLOW_OPERATOR_WATCH_NAMESPACES": "a, b,",
            "FLOW_OPERATOR_LEADER_ELECTION": "false",
            "FLOW_OPERATOR_RESYNC_SECONDS": "2",
            "HOME": "/",
        }
    )
    assert read.watch_namespaces == ("a", "b")
    assert not read.leader_election
    assert read.resync_seconds == 2
    assert read.release.image == "flow-runtime:1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNTIME_IMAGE", ""),
        ("WORKERS", "0"),
        ("RUNTIME_IMAGE_PULL_POLICY", "Sometimes"),
        ("CLUSTER_NAME", "a/b"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    given = {"FLOW_OPERATOR_RUNTIME_IMAGE": "flow-runtime:1", f"FLOW_OPERATOR_{name}": value}
    with pytest.raises(InvalidSettings, match=f"FLOW_OPERATOR_{name}: "):
        settings.read(given)


def test_the_operator_needs_no_secret_no_wildcard_and_hands_out_no_rights() -> None:
    for rule in cluster_rules() + lease_rules():
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
        assert not {"secrets", "roles", "clusterroles", "rolebindings"} & set(rule["resources"])
        assert "rbac.authorization.k8s.io" not in rule["apiGroups"]


def test_events_can_only_be_written_and_leases_not_be_deleted() -> None:
    assert EVENT.verbs == ("create",)
    assert "delete" not in LEASE.verbs
