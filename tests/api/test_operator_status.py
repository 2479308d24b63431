"""What the operator says of a FlowDeployment when something is missing, broken or hostile."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import CONDITIONS
from flow_operator.manifests.revision import FlowFiles, revision_of
from hack.cluster.control_plane import ControlPlane
from tests.api.client import Api
from tests.api.operator_process import Operator, eventually, flow_deployment, grant_rights, requests
from tests.api.operator_world import StateServer, World

FLOW = {"kind": "dag", "inputs": {"query": "string"}, "outputs": {"reply": "string", "docs": "list"}}


@pytest.fixture(scope="module")
def operator(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    grant_rights(api)
    started = Operator(plane, api, tmp_path_factory.mktemp("operator"))
    with contextlib.closing(started):
        started.start(RESYNC_SECONDS="600")  # what heals here, the watches have seen
        yield started
        assert started.running, started.log_text()


@pytest.fixture
def world(api: Api, namespace: str, operator: Operator) -> Iterator[World]:
    with contextlib.closing(World(api, namespace)) as made:
        yield made


def state(revision: str, reason: str = "Ready", message: str = "", **more: Any) -> bytes:
    return json.dumps(
        {"revision": revision, "ready": reason == "Ready", "reason": reason, "message": message} | more
    ).encode()


def serve(world: World) -> str:
    """A FlowDeployment whose pods are there; returns its revision."""
    world.source()
    world.create("FlowDeployment", flow_deployment(world.namespace))
    revision = world.revision()
    world.wait_pods(revision, 3)
    return revision


def test_all_conditions_are_there_from_the_first_visit(world: World) -> None:
    world.create("FlowDeployment", flow_deployment(world.namespace))
    eventually(lambda: (world.get("FlowDeployment", "bot") or {}).get("status"))
    status = (world.get("FlowDeployment", "bot") or {})["status"]
    assert tuple(each["type"] for each in status["conditions"]) == CONDITIONS
    assert {each["observedGeneration"] for each in status["conditions"]} == {1}


def test_a_missing_config_map_is_named_and_its_arrival_heals_at_once(world: World) -> None:
    world.create("FlowDeployment", flow_deployment(world.namespace))
    found = world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "False", "ConfigMapNotFound")
    assert f"no ConfigMap bot in namespace {world.namespace}" in found["message"]
    assert world.get("Deployment", "bot") is None
    world.source()
    eventually(lambda: world.get("Deployment", "bot"))
    world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "Unknown", "WaitingForPods")


def test_an_empty_config_map_is_no_flow(world: World) -> None:
    world.create("ConfigMap", {"metadata": {"name": "bot"}})
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "False", "ConfigMapEmpty")


def test_a_deleted_config_map_disturbs_nothing_that_runs(world: World) -> None:
    revision = serve(world)
    before = world.get("Deployment", "bot") or {}
    world.delete("ConfigMap", "bot")
    world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "False", "ConfigMapNotFound")
    assert (world.get("Deployment", "bot") or {})["metadata"]["generation"] == 1
    world.delete("Deployment", "bot")

    def back() -> bool:
        live = world.get("Deployment", "bot")
        return live is not None and live["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(back)
    assert world.revision() == revision
    world.patch("FlowDeployment", "bot", {"spec": {"runtime": {"requestTimeoutSeconds": 7}}})
    world.wait_condition("FlowDeployment", "bot", "Ready", "False", "ConfigMapNotFound")
    assert world.revision() == revision
    world.source()
    assert world.wait_revision_after(revision)


def test_a_ready_flow_says_so_and_shows_its_shape_and_counts(world: World) -> None:
    revision = serve(world)
    counts = {
        "captured": 4,
        "dropped": {"spool_full": 1},
        "stored": 3,
        "last_stored": "2026-11-22T20:00:00.123Z",
    }
    with StateServer("127.77.1.1", state(revision, flow=FLOW, collection=counts)):
        for pod in world.pods(revision):
            world.run_pod(pod["metadata"]["name"], "127.77.1.1", ready=True)
        world.wait_condition("FlowDeployment", "bot", "Ready", "True", "Ready")
        world.wait_condition("FlowDeployment", "bot", "Collecting", "True", "Collecting")
        world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "True", "Resolved")
        world.wait_condition("FlowDeployment", "bot", "Progressing", "False", "Complete")
    status = (world.get("FlowDeployment", "bot") or {})["status"]
    assert status["ready"] == "3/3"
    found = status["collection"]
    assert [found[key] for key in ("captured", "dropped", "stored", "waiting")] == [12, 3, 9, 3]
    assert found["lastStored"] == "2026-11-22T20:00:00Z"
    assert found["droppedByReason"]["spoolFull"] == 3
    assert len(found["pods"]) == 3
    assert [port["name"] for port in status["flow"]["outputs"]] == ["docs", "reply"]
    assert status["url"] == f"http://bot.{world.namespace}.svc/score"


def test_a_broken_edit_never_touches_the_running_revision_and_its_error_is_named(world: World) -> None:
    old = serve(world)
    world.roll(old)
    world.wait_condition("FlowDeployment", "bot", "Ready", "True", "Ready")
    world.source(text="nodes: {{{")
    new = world.wait_revision_after(old)
    (pod,) = world.wait_pods(new, 1)
    said = "flow.dag.yaml line 1: this is no YAML"
    with StateServer("127.77.1.2", state(new, "FlowInvalid", said)):
        world.run_pod(pod["metadata"]["name"], "127.77.1.2", ready=False)
        found = world.wait_condition("FlowDeployment", "bot", "Ready", "False", "FlowInvalid")
    assert said in found["message"]
    assert f"revision {old} keeps serving with 3 pods" in found["message"]
    assert len(world.pods(old)) == 3
    copy = world.get("ConfigMap", f"bot-{old}") or {}
    assert copy["data"] == {"flow.dag.yaml": "nodes: []\n"}
    assert copy["immutable"] is True
    world.source()
    assert world.wait_revision_after(new) == old
    world.wait_condition("FlowDeployment", "bot", "Ready", "True", "Ready")


def test_a_missing_secret_is_named_as_the_pod_tells_it(world: World) -> None:
    revision = serve(world)
    pod = world.pods(revision)[0]["metadata"]["name"]
    said = "connection llm: Secret openai has no key api_key"
    with StateServer("127.77.1.3", state(revision, "ConnectionInvalid", said)):
        world.run_pod(pod, "127.77.1.3", ready=False)
        found = world.wait_condition(
            "FlowDeployment", "bot", "ReferencesResolved", "False", "ConnectionInvalid"
        )
    assert said in found["message"]
    assert pod in found["message"]


def test_a_broken_new_secret_is_said_by_ready_which_stays_true_and_its_mending_too(world: World) -> None:
    world.source()
    llm = {"name": "llm", "type": "OpenAI", "secretRef": {"name": "openai"}}
    manifest = flow_deployment(world.namespace)
    world.create("FlowDeployment", manifest | {"spec": manifest["spec"] | {"connections": [llm]}})
    revision = world.revision()
    pods = [pod["metadata"]["name"] for pod in world.wait_pods(revision, 3)]
    told = "connection 'llm': its Secret openai has no key api_key: add the provider's key; the former value"
    with StateServer("127.77.1.5", state(revision)), StateServer("127.77.1.6", state(revision, message=told)):
        for name in pods[1:]:
            world.run_pod(name, "127.77.1.5", ready=True)
        world.run_pod(pods[0], "127.77.1.6", ready=True)
        broken = world.wait_condition(
            "FlowDeployment", "bot", "ReferencesResolved", "False", "ConnectionInvalid"
        )
        ready = world.wait_condition("FlowDeployment", "bot", "Ready", "True", "Ready")
        assert told in broken["message"]
        assert f"1 of them with a connection's former value: pod {pods[0]}: {told}" in ready["message"]
        world.run_pod(pods[0], "127.77.1.5", ready=True)
        world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "True", "Resolved")
        mended = world.wait_condition("FlowDeployment", "bot", "Ready", "True", "Ready")
    assert mended["message"] == "3 of 3 pods take requests"
    assert mended["lastTransitionTime"] == ready["lastTransitionTime"]


def test_an_image_that_cannot_be_pulled_is_named(world: World) -> None:
    revision = serve(world)
    pod = world.pods(revision)[0]["metadata"]["name"]
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    container = {
        "name": "server",
        "image": "registry.example.com/flow-runtime:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": waiting},
    }
    conditions = [{"type": "PodScheduled", "status": "True"}]
    world.patch(
        "Pod", pod, {"status": {"conditions": conditions, "containerStatuses": [container]}}, "status"
    )
    for other in world.pods(revision)[1:]:
        world.run_pod(other["metadata"]["name"], ready=True)
    found = world.wait_condition("FlowDeployment", "bot", "Ready", "False", "ImagePullFailed")
    assert "registry.example.com/flow-runtime:1" in found["message"]


IMPOSSIBLE = {"captured": -5, "stored": 10**40}
HOSTILE = "\x1b[31m" + "A" * 9000 + "\u202e\x00\n</script>"
HOSTILE_FLOW = {"kind": HOSTILE, "inputs": {HOSTILE: HOSTILE}}


@pytest.mark.parametrize(
    ("address", "answer", "code", "location"),
    [
        (
            "127.77.2.1",
            state("x", "Loading", HOSTILE, flow=HOSTILE_FLOW),
            200,
            "",
        ),
        ("127.77.2.2", b"[" * 200_000, 200, ""),
        ("127.77.2.3", b'{"revision": 1}', 200, ""),
        ("127.77.2.4", b"", 302, "http://127.77.2.5:9090/state"),
        (
            "127.77.2.6",
            state("x", "lower case; rm -rf /", "no", collection=IMPOSSIBLE),
            200,
            "",
        ),
        ("127.77.2.7", state("x", collection={"last_stored": "9999-12-31T23:59:59-14:00"}), 200, ""),
    ],
)
def test_a_pod_that_answers_nonsense_does_no_harm(
    world: World, operator: Operator, address: str, answer: bytes, code: int, location: str
) -> None:
    revision = serve(world)
    pod = world.pods(revision)[0]["metadata"]["name"]
    with (
        StateServer(address, answer, code, location) as server,
        StateServer("127.77.2.5", state(revision, "FlowInvalid", "followed a redirect")),
    ):
        world.run_pod(pod, address, ready=False)
        assert server.asked.wait(30)
        # A later change is worked on, so the nonsense was survived.
        world.patch("FlowDeployment", "bot", {"spec": {"replicas": 2}})
        eventually(lambda: (world.get("Deployment", "bot") or {})["spec"]["replicas"] == 2)
        eventually(lambda: (world.get("FlowDeployment", "bot") or {})["status"]["observedGeneration"] == 2)
    text = json.dumps((world.get("FlowDeployment", "bot") or {})["status"], ensure_ascii=False)
    assert len(text) < 8192
    assert "followed a redirect" not in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert not [line for line in operator.log() if line["level"] == "error"]


@pytest.mark.parametrize("kind", ["Service", "ConfigMap", "Deployment", "ServiceAccount"])
def test_an_object_of_somebody_else_is_never_adopted(world: World, plane: ControlPlane, kind: str) -> None:
    pod = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "registry.example.com/theirs"}]},
    }
    theirs: dict[str, dict[str, Any]] = {
        "Service": {"metadata": {"name": "bot"}, "spec": {"ports": [{"port": 1}]}},
        "ConfigMap": {"metadata": {"name": "?"}, "data": {"their": "data"}},
        "Deployment": {
            "metadata": {"name": "bot"},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": pod},
        },
        "ServiceAccount": {"metadata": {"name": "bot-server"}},
    }
    world.source()
    manifest = theirs[kind]
    if kind == "ConfigMap":  # the copy of the flow is named after the revision
        cr = FlowDeployment.model_validate(flow_deployment(world.namespace))
        files = FlowFiles({"flow.dag.yaml": "nodes: []\n"})
        manifest["metadata"]["name"] = f"bot-{revision_of(cr.spec, files)}"
    before = world.create(kind, manifest)
    world.create("FlowDeployment", flow_deployment(world.namespace))
    found = world.wait_condition("FlowDeployment", "bot", "Accepted", "False", "NameConflict")
    name = manifest["metadata"]["name"]
    assert f"{kind} {name} already exists" in found["message"]
    after = world.get(kind, name) or {}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "ownerReferences" not in after["metadata"]
    assert "app.kubernetes.io/managed-by" not in after["metadata"].get("labels", {})
    uris = [each["requestURI"] for each in requests(plane, world.namespace, ("patch", "delete"))]
    assert not [uri for uri in uris if f"{kind.lower()}s/{name}?" in uri]


def test_a_name_conflict_heals_when_the_other_object_goes(world: World) -> None:
    world.source()
    world.create("Service", {"metadata": {"name": "bot"}, "spec": {"ports": [{"port": 1}]}})
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.wait_condition("FlowDeployment", "bot", "Accepted", "False", "NameConflict")
    world.delete("Service", "bot")
    world.wait_condition("FlowDeployment", "bot", "Accepted", "True", "Accepted")
    world.wait_children("Service/bot", "Deployment/bot")


def test_a_refusal_of_the_api_server_becomes_a_condition(world: World) -> None:
    world.api.call(
        "POST",
        f"/api/v1/namespaces/{world.namespace}/resourcequotas",
        {"metadata": {"name": "none"}, "spec": {"hard": {"services": "0"}}},
    )
    world.source()
    eventually(
        lambda: (
            world.api.call("GET", f"/api/v1/namespaces/{world.namespace}/resourcequotas/none")
            .body.get("status", {})
            .get("hard")
        )
    )
    world.create("FlowDeployment", flow_deployment(world.namespace))
    found = world.wait_condition("FlowDeployment", "bot", "Ready", "False", "ApplyRefused")
    assert "Service/bot was refused" in found["message"]
    assert "quota" in found["message"]


def test_changes_of_a_condition_are_told_by_events(world: World) -> None:
    world.create("FlowDeployment", flow_deployment(world.namespace))
    world.wait_condition("FlowDeployment", "bot", "ReferencesResolved", "False", "ConfigMapNotFound")

    def told() -> bool:
        return any(
            each["reason"] == "ConfigMapNotFound" and each["regarding"]["name"] == "bot"
            for each in world.every("Event")
        )

    eventually(told)
