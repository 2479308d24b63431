"""A FlowDeployment becomes pods that answer, and says so."""

from tests.e2e import manifests, waits
from tests.e2e.world import World


def test_three_pods_are_ready_and_spread_over_the_two_workers(world: World, bot: str) -> None:
    pods = waits.until_ready_pods(world.kubectl, world.pods_of(), 3)
    per_node = sorted([p["spec"]["nodeName"] for p in pods].count(node) for node in (world.home, world.other))
    assert per_node == [1, 2]


def test_kubectl_get_shows_three_of_three_and_where_to_ask(world: World, bot: str) -> None:
    header, row = world.kubectl("get", "fd", bot).splitlines()
    assert header.split()[:2] == ["NAME", "READY"]
    assert row.split()[:2] == [bot, "3/3"]
    assert world.url() in row


def test_a_question_through_the_service_is_answered_from_the_documents(world: World, bot: str) -> None:
    status, reply = world.ask(7, 1)[7]
    assert status == 200
    assert "17 dollars" in reply
    assert "[doc1]" in reply


def test_describe_shows_conditions_that_a_stranger_understands(world: World, bot: str) -> None:
    text = world.kubectl("describe", "fd", bot)
    for condition in ("Accepted", "ReferencesResolved", "Progressing", "Ready", "Collecting"):
        assert condition in text
    live = world.kubectl.get("fd", bot) or {}
    assert all(each["message"] for each in live["status"]["conditions"]), live["status"]["conditions"]


def test_every_pod_got_into_a_namespace_that_enforces_restricted(world: World, bot: str) -> None:
    for kubectl in (world.kubectl, world.system):
        live = kubectl.get("namespace", kubectl.namespace) or {}
        assert live["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert world.kubectl.list("pods", world.pods_of())
    assert world.system.list("pods", "app.kubernetes.io/name=flow-operator")


def test_no_pod_of_a_flow_holds_a_token_of_the_cluster(world: World, bot: str) -> None:
    for pod in world.kubectl.list("pods", world.pods_of()):
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert "serviceAccountToken" not in str(pod["spec"].get("volumes"))


def test_the_flow_in_use_is_told_in_the_status(world: World, bot: str) -> None:
    live = world.kubectl.get("fd", bot) or {}
    flow = live["status"]["flow"]
    assert {each["name"] for each in flow["inputs"]} == {"query"}
    assert "reply" in {each["name"] for each in flow["outputs"]}
    assert live["status"]["url"] == f"http://{manifests.BOT}.{world.kubectl.namespace}.svc/score"
