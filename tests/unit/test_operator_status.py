"""Conditions and status of a FlowDeployment, from what was seen to what is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flow_operator.api.collection_status import Dropped
from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import CONDITIONS
from flow_operator.manifests import flow_deployment
from flow_operator.manifests.kept import keep_template
from flow_operator.manifests.revision import FlowFiles, revision_of
from flow_operator.manifests.serving import Serving
from flow_operator.status import serving as checks
from flow_operator.status.collecting import collecting
from flow_operator.status.conditions import Breach, conditions_of, true, unknown
from flow_operator.status.flow_deployment import status_of, with_old_counts
from flow_operator.status.pods import Pod, pod_of
from flow_operator.status.ready import ready
from flow_operator.status.seen import Seen, fresh_rollout
from flow_operator.status.text import clean, reason
from flow_runtime.contracts.state import CollectionState, FlowShape, PodState
from tests.unit import golden

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FILES = FlowFiles({"flow.dag.yaml": "nodes: []"})
UP = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}
STORE = {"store": {"url": "s3://records"}}


def seen(rollout: dict[str, Any] | None = None, *pods: Pod, **spec: Any) -> Seen:
    """A FlowDeployment that was rolled out, with these pods."""
    cr = FlowDeployment.model_validate(
        {
            "metadata": {"name": "bot", "namespace": "shop", "uid": "1", "generation": 4},
            "spec": {"flow": {"configMap": {"name": "bot"}}} | spec,
        }
    )
    serving = Serving(cr, golden.RELEASE, revision=revision_of(cr.spec, FILES), files=FILES)
    live = next(child for child in flow_deployment.build(serving) if child["kind"] == "Deployment")
    return Seen(serving, deployment=live, pods=pods, rollout=UP if rollout is None else rollout)


def pod(name: str = "bot-1", revision: str = "", **more: Any) -> Pod:
    own = revision or revision_of(seen().serving.spec, FILES)
    return replace(Pod(name, "10.0.0.1", own, ready=True, leaving=False, trouble=None), **more)


def state(why: str = "Ready", message: str = "", **more: Any) -> PodState:
    return PodState(revision="x", ready=why == "Ready", reason=why, message=message, **more)


STARTING = {"replicas": 3, "updatedReplicas": 3, "unavailableReplicas": 3}
UNSCHEDULABLE = Breach("Unschedulable", "no node has room")
PULL = Breach("ImagePullFailed", "image x")


@pytest.mark.parametrize(
    ("given", "status", "why", "said"),
    [
        (seen(), "True", "Ready", "3 of 3"),
        (seen({}), "False", "PodsStarting", "0 of 3"),
        (
            seen(STARTING, pod(ready=False, trouble=UNSCHEDULABLE)),
            "False",
            "Unschedulable",
            "no node has room",
        ),
        (seen(STARTING, pod(ready=False, trouble=PULL)), "False", "ImagePullFailed", "image x"),
        (seen(STARTING, pod(ready=False, state=state("Loading"))), "False", "PodsStarting", "0 of 3"),
        (
            seen(STARTING, pod(ready=False, state=state("FlowInvalid", "no node"))),
            "False",
            "FlowInvalid",
            "no node",
        ),
        (seen(STARTING, pod(ready=False, state=state("Odd", "?"))), "False", "Odd", "pod bot-1: ?"),
        (seen(STARTING, pod(ready=False, state=state("no word", "?"))), "False", "PodNotReady", "?"),
        (seen(suspend=True), "False", "Suspended", "spec.suspend"),
        (seen(replicas=0), "False", "ScaledToZero", "spec.replicas"),
        (replace(seen(), conflict=Breach("NameConflict", "taken")), "False", "NameConflict", "taken"),
        (replace(seen(), refused=Breach("ApplyRefused", "quota")), "False", "ApplyRefused", "quota"),
    ],
)
def test_ready_says_whether_and_why_not(given: Seen, status: str, why: str, said: str) -> None:
    found = ready(given)
    assert (found.status, found.reason) == (status, why)
    assert said in found.message


def test_a_pods_own_word_explains_more_than_the_scheduler_does() -> None:
    waiting = pod("bot-1", ready=False, trouble=UNSCHEDULABLE)
    broken = pod("bot-2", ready=False, state=state("FlowInvalid", "line 3"))
    assert ready(seen(STARTING, waiting, broken)).reason == "FlowInvalid"


def test_an_outgoing_revision_that_still_answers_is_mentioned() -> None:
    old = [pod(f"old-{n}", revision="0123456789ab") for n in range(3)]
    broken = pod("new-1", ready=False, state=state("FlowInvalid", "line 3"))
    said = ready(seen(STARTING | {"updatedReplicas": 1}, broken, *old)).message
    assert said.endswith("(revision 0123456789ab keeps serving with 3 pods)")


def test_the_word_of_an_outgoing_pod_does_not_count() -> None:
    old = pod("old", revision="0123456789ab", ready=False, state=state("FlowInvalid", "line 3"))
    assert ready(seen(STARTING, old)).reason == "PodsStarting"


def test_a_missing_source_does_not_make_a_running_flow_unready() -> None:
    gone = Breach("ConfigMapNotFound", "no ConfigMap bot")
    running = replace(seen(), source_missing=gone)
    assert ready(running).status == "True"
    assert checks.references_resolved(running).reason == "ConfigMapNotFound"
    nothing = replace(running, serving=replace(running.serving, revision=None))
    assert ready(nothing).reason == "ConfigMapNotFound"


def test_pods_that_may_not_be_created_are_explained() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "violates PodSecurity"}
    found = ready(seen({"conditions": [failure], "unavailableReplicas": 3}))
    assert (found.reason, found.message) == ("PodsRefused", "violates PodSecurity")


FULL = CollectionState(
    captured=9, dropped={"spool_full": 4}, reason="StoreUnreachable", message="no route to the bucket"
)
LLM = [{"name": "llm", "type": "OpenAI", "secretRef": {"name": "openai"}}]


def of_llm(*pods: Pod) -> Seen:
    given = seen(None, connections=LLM)
    return replace(given, pods=tuple(replace(each, revision=given.serving.revision or "") for each in pods))


@pytest.mark.parametrize(
    ("given", "status", "why"),
    [
        (seen(), "True", "Resolved"),
        (of_llm(), "Unknown", "WaitingForPods"),
        (of_llm(pod(ready=False)), "Unknown", "WaitingForPods"),
        (of_llm(pod()), "True", "Resolved"),
        (of_llm(pod(state=state("Ready", "Secret openai has no api_key"))), "False", "ConnectionInvalid"),
        (of_llm(pod(ready=False, state=state("FlowInvalid"))), "True", "Resolved"),
        (
            of_llm(pod(), pod(ready=False, state=state("ConnectionInvalid", "no key"))),
            "False",
            "ConnectionInvalid",
        ),
    ],
)
def test_references_are_resolved_when_the_pods_say_so(given: Seen, status: str, why: str) -> None:
    found = checks.references_resolved(given)
    assert (found.status, found.reason) == (status, why)


def test_the_secret_behind_a_broken_connection_is_named() -> None:
    broken = of_llm(pod(ready=False, state=state("ConnectionInvalid", "connection 'llm': no api_key")))
    broken = replace(broken, rollout=STARTING)
    for found in (checks.references_resolved(broken), ready(broken)):
        assert "connection 'llm': no api_key" in found.message
        assert "Secret openai" in found.message


def test_a_secret_that_the_pod_names_is_not_named_twice() -> None:
    told = "connection 'llm': its Secret openai has no key api_key: add the provider's key"
    found = ready(replace(of_llm(pod(ready=False, state=state("ConnectionInvalid", told))), rollout=STARTING))
    assert found.message.count("Secret openai") == 1


def test_a_broken_secret_of_pods_that_go_on_is_said_by_ready_which_stays_true() -> None:
    told = "connection 'llm': its Secret openai has no key api_key: add it; the former value stays in use"
    troubled = [pod(f"bot-{number}", state=state(message=told)) for number in (1, 2)]
    given = of_llm(*troubled, pod("bot-3", state=state()))
    found = ready(given)
    assert (found.status, found.reason) == ("True", "Ready")
    assert found.message.startswith("3 of 3 pods take requests; 2 of them with a connection's former value: ")
    assert told in found.message
    assert "pod bot-1" in found.message
    resolved = checks.references_resolved(given)
    assert (resolved.status, resolved.reason) == ("False", "ConnectionInvalid")
    mended = ready(of_llm(pod(state=state())))
    assert (mended.status, mended.message) == ("True", "3 of 3 pods take requests")


def test_the_secret_of_a_store_that_cannot_be_reached_is_named() -> None:
    store = {"store": {"url": "s3://records", "secretRef": {"name": "bucket-key"}}}
    given = seen(None, pod(state=state(collection=FULL)), collection=store)
    assert "Secret bucket-key" in collecting(given, None, NOW).message


@pytest.mark.parametrize(
    ("told", "added"),
    [
        ("check account_key of the store's Secret bucket-key", False),
        ("the store's Secret bucket-key: key 'ca.crt' holds no certificate", False),
        ("the store's Secret bucket-key has no key 'account_key': add it", False),
        ("that of Secret bucket-key. It is wrong", False),
        ("check account_key of the store's Secret bucket-key-2", True),
        ("check account_key of the store's Secret bucket-key.old", True),
        ("check account_key of the store's Secret", True),
    ],
)
def test_the_secret_of_a_store_is_named_once(told: str, *, added: bool) -> None:
    store = {"store": {"url": "s3://records", "secretRef": {"name": "bucket-key"}}}
    troubled = FULL.model_copy(update={"reason": "StoreUnauthorized", "message": told})
    message = collecting(
        seen(None, pod(state=state(collection=troubled)), collection=store), None, NOW
    ).message
    assert ("(store: Secret bucket-key)" in message) is added


GIT = {"url": "https://git.example.com/flows.git", "commit": "0" * 40, "secretRef": {"name": "git"}}


def of_git(*states: PodState) -> Seen:
    """A FlowDeployment whose flow is in git, with a pod for each of these states."""
    given = seen(STARTING, flow={"git": GIT})
    own = revision_of(given.serving.spec, None)
    serving = replace(given.serving, revision=own, files=None)
    pods = tuple(pod(ready=each.ready, revision=own, state=each) for each in states)
    return replace(given, serving=serving, pods=pods)


@pytest.mark.parametrize(
    ("given", "ready_reason", "status", "why"),
    [
        (of_git(), "PodsStarting", "Unknown", "WaitingForPods"),
        (of_git(state("Fetching")), "PodsStarting", "Unknown", "WaitingForPods"),
        (of_git(state("SourceNotFound", "no commit")), "SourceNotFound", "False", "SourceNotFound"),
        (of_git(state("SourceUnavailable", "no route")), "SourceUnavailable", "False", "SourceUnavailable"),
        (of_git(state("Source of evil", "?")), "SourceUnavailable", "False", "SourceUnavailable"),
        (of_git(state("FlowInvalid", "line 3")), "FlowInvalid", "True", "Resolved"),
    ],
)
def test_a_flow_that_cannot_be_fetched_has_its_reason(
    given: Seen, ready_reason: str, status: str, why: str
) -> None:
    assert ready(given).reason == ready_reason
    found = checks.references_resolved(given)
    assert (found.status, found.reason) == (status, why)


STALLED = {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "status": "False"}]}


@pytest.mark.parametrize(
    ("given", "status", "why"),
    [
        (seen(), "False", "Complete"),
        (seen({}), "True", "RollingOut"),
        (seen(UP | {"replicas": 4}), "True", "RollingOut"),
        (seen(UP | STALLED), "False", "Stalled"),
        (replace(seen(), deployment=None), "Unknown", "NotObserved"),
    ],
)
def test_progressing_follows_the_rollout(given: Seen, status: str, why: str) -> None:
    found = checks.progressing(given)
    assert (found.status, found.reason) == (status, why)


@pytest.mark.parametrize(
    ("given", "status", "why"),
    [
        (seen(), "False", "Disabled"),
        (seen(collection=STORE | {"enabled": False}), "False", "Disabled"),
        (seen(collection=STORE), "Unknown", "NoPods"),
        (seen(None, pod(), collection=STORE), "Unknown", "PodsNotReached"),
        (seen(None, pod(state=state(collection=CollectionState())), collection=STORE), "True", "Collecting"),
        (seen(None, pod(), pod(state=state(collection=FULL)), collection=STORE), "False", "StoreUnreachable"),
    ],
)
def test_collecting_is_unknown_without_evidence(given: Seen, status: str, why: str) -> None:
    found = collecting(given, None, NOW)
    assert (found.status, found.reason) == (status, why)


def test_runtime_outdated_names_both_images() -> None:
    live = seen()
    assert checks.runtime_outdated(live).status == "False"
    newer = replace(golden.RELEASE, image="registry.example.com/flow-runtime:2.0.0")
    kept = keep_template(replace(live.serving, release=newer), live.deployment, ())
    found = checks.runtime_outdated(replace(live, serving=kept))
    assert found.status == "True"
    assert golden.RELEASE.image in found.message
    assert newer.image in found.message


def test_all_conditions_are_there_and_speak_of_the_generation() -> None:
    given = seen()
    status = status_of(given.serving.cr, given, NOW)
    assert tuple(each.type for each in status.conditions) == CONDITIONS
    assert {each.observed_generation for each in status.conditions} == {4} == {status.observed_generation}


def test_the_transition_time_moves_with_the_status_only() -> None:
    first = conditions_of(("Ready",), {"Ready": unknown("A", "a")}, (), 1, NOW)
    later = NOW + timedelta(hours=1)
    same = conditions_of(("Ready",), {"Ready": unknown("B", "b")}, first, 2, later)
    assert (same[0].last_transition_time, same[0].reason, same[0].observed_generation) == (NOW, "B", 2)
    other = conditions_of(("Ready",), {"Ready": true("C", "c")}, same, 2, later)
    assert other[0].last_transition_time == later


def test_a_condition_without_news_stays_as_it_was_and_is_unknown_at_first() -> None:
    first = conditions_of(("Ready", "Other"), {"Ready": true("A", "a")}, (), 1, NOW)
    assert (first[1].status, first[1].reason) == ("Unknown", "NotObserved")
    assert conditions_of(("Ready", "Other"), {}, first, 2, NOW) == first


def test_the_status_sums_the_counts_and_shows_the_flow() -> None:
    shape = FlowShape(kind="dag", inputs={"q": "string"}, outputs={"b": "list", "a": "string"})
    counted = CollectionState(
        captured=2,
        dropped={"no_json": 1},
        unsampled=3,
        stored=1,
        spool_bytes=10,
        last_stored=datetime.fromisoformat("2026-11-22T11:00"),
    )
    pods = [replace(pod(f"p{n}", uid=f"u{n}", state=state(flow=shape, collection=counted))) for n in range(2)]
    given = seen(None, collection=STORE)
    pods = [replace(each, revision=given.serving.revision or "") for each in pods]
    status = status_of(given.serving.cr, replace(given, pods=tuple(pods)), NOW)
    assert status.ready == "3/3"
    assert status.collection is not None
    totals = status.collection
    assert (totals.captured, totals.dropped, totals.unsampled, totals.stored) == (4, 2, 6, 2)
    assert totals.dropped_by_reason == Dropped(no_json=2)
    assert (totals.waiting, totals.spool_bytes) == (2, 20)
    assert totals.lost is not None
    assert (totals.lost.records, totals.lost.last_pod) == (0, None)
    assert status.collection.last_stored == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert status.flow is not None
    assert [port.name for port in status.flow.outputs] == ["a", "b"]


def test_no_count_is_shown_when_no_pod_could_be_asked() -> None:
    given = seen(None, pod(), collection=STORE)
    status = status_of(given.serving.cr, given, NOW)
    assert status.collection is not None
    assert status.collection.model_dump(exclude_none=True) == {"pods": ({"uid": "", "name": "bot-1"},)}


def test_between_two_minutes_the_old_counts_stay() -> None:
    counted = seen(None, pod(state=state(collection=CollectionState(captured=1))), collection=STORE)
    more = seen(None, pod(state=state(collection=CollectionState(captured=2))), collection=STORE)
    old, new = (status_of(each.serving.cr, each, NOW) for each in (counted, more))
    assert with_old_counts(new, old) == old


def test_the_status_of_an_older_generation_of_the_deployment_is_not_believed() -> None:
    live = {"metadata": {"generation": 3}, "status": UP | {"observedGeneration": 2}}
    assert fresh_rollout(live) == {}
    assert fresh_rollout(live | {"metadata": {"generation": 2}}) == live["status"]


def container(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {
        "name": "server",
        "image": "img",
        "state": {"waiting": {"reason": reason, "message": message}},
    } | more


@pytest.mark.parametrize(
    ("status", "why", "said"),
    [
        ({"containerStatuses": [container("ImagePullBackOff", "not found")]}, "ImagePullFailed", "img"),
        ({"initContainerStatuses": [container("ErrImagePull")]}, "ImagePullFailed", "ErrImagePull"),
        (
            {"containerStatuses": [container("ImagePullBackOff", 'Back-off pulling image "flows/bot@x"')]},
            "ImagePullFailed",
            "image flows/bot@x of container server",
        ),
        ({"containerStatuses": [container("CreateContainerConfigError", "no")]}, "ContainerNotStarted", "no"),
        (
            {
                "containerStatuses": [
                    container(
                        "CrashLoopBackOff", lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
                    )
                ]
            },
            "ContainerCrashes",
            "exit code 137, OOMKilled",
        ),
    ],
)
def test_what_the_kubelet_says_of_a_pod_is_read(status: dict[str, Any], why: str, said: str) -> None:
    found = pod_of({"metadata": {"name": "p"}, "status": status}).trouble
    assert found is not None
    assert found.reason == why
    assert said in found.message


def test_a_pod_that_starts_normally_has_no_trouble() -> None:
    assert (
        pod_of(
            {"metadata": {"name": "p"}, "status": {"containerStatuses": [container("PodInitializing")]}}
        ).trouble
        is None
    )


@pytest.mark.parametrize(
    ("phase", "address"),
    [("Pending", "10.0.0.1"), ("Running", "10.0.0.1"), ("Failed", ""), ("Succeeded", ""), ("Unknown", "")],
)
def test_a_pod_is_asked_while_it_runs_or_fetches_its_flow(phase: str, address: str) -> None:
    found = pod_of({"metadata": {"name": "p"}, "status": {"phase": phase, "podIP": "10.0.0.1"}})
    assert found.address == address


def test_text_of_others_is_one_short_printable_line() -> None:
    assert clean("a\x1b[31m\n\tb\u202ec\x00", 20) == "a[31m bc"
    assert clean("x" * 30, 10) == "x" * 9 + "…"


def test_a_reason_is_a_word_or_the_default() -> None:
    assert reason("FlowInvalid", "Other") == "FlowInvalid"
    for text in ("", "flow", "A b", "A" * 64, "Ünicode", "A\n"):
        assert reason(text, "Other") == "Other"
