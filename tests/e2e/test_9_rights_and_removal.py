"""What the operator's account may do, and that everything goes with its owner, even without the operator."""

import pytest

from hack import helm
from tests.e2e import manifests, waits
from tests.e2e.kubectl import KubectlError
from tests.e2e.world import World

ACCOUNT = f"--as=system:serviceaccount:{helm.NAMESPACE}:{helm.RELEASE}"
OWNED = "deployments,replicasets,pods,services,serviceaccounts,configmaps,pdb,cronjobs,jobs"


def rights(world: World) -> list[tuple[str, str]]:
    """Resources and verbs of the operator's account in the flows' namespace, as the API server lists them."""
    lines = world.kubectl("auth", "can-i", "--list", ACCOUNT).splitlines()[1:]
    return [(line.split()[0], line[line.rindex("[") :]) for line in lines if not line.startswith(" ")]


def test_the_operator_may_do_nothing_with_secrets(world: World) -> None:
    assert [resource for resource, _ in rights(world) if "secret" in resource] == []
    for verb in ("get", "list", "watch", "create", "update", "patch", "delete"):
        with pytest.raises(KubectlError):
            world.kubectl("auth", "can-i", verb, "secrets", ACCOUNT)


def test_the_operator_has_no_wildcard(world: World) -> None:
    found = rights(world)
    assert found
    assert [(resource, verbs) for resource, verbs in found if "*" in resource or "*" in verbs] == []


def test_the_operator_may_not_change_our_specs_nor_hand_out_rights(world: World) -> None:
    for verb, resource in (
        ("update", "flowdeployments"),
        ("patch", "flowdeployments"),
        ("patch", "flowmonitors"),
        ("create", "roles"),
        ("create", "rolebindings"),
        ("create", "pods"),
        ("create", "leases"),
    ):
        with pytest.raises(KubectlError):
            world.kubectl("auth", "can-i", verb, resource, ACCOUNT)


def test_the_operator_was_never_refused_anything(world: World, bot: str) -> None:
    logs = world.system("logs", "deployment/flow-operator", "--tail=-1").splitlines()
    refused = [line for line in logs if "forbidden" in line and "is being terminated" not in line]
    assert refused == []


def test_no_secret_and_no_question_is_in_the_operators_log(world: World, bot: str) -> None:
    logs = world.system("logs", "deployment/flow-operator", "--tail=-1")
    for word in (manifests.SECRET_KEY, "no-real-key", "lantern"):
        assert word not in logs


def test_deleting_both_resources_removes_all_children_with_the_operator_away(world: World, bot: str) -> None:
    world.system("scale", f"deployment/{helm.RELEASE}", "--replicas=0")
    try:
        waits.until_gone(world.system, "pods", "app.kubernetes.io/name=flow-operator")
        world.kubectl("delete", "fd,fm", "--all", "--timeout=30s")
        waits.until_gone(world.kubectl, OWNED, "app.kubernetes.io/managed-by=flow-operator")
    finally:
        world.system("scale", f"deployment/{helm.RELEASE}", "--replicas=1")
        waits.until_ready_pods(world.system, "app.kubernetes.io/name=flow-operator", 1)
