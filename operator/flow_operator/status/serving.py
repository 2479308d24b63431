"""The checks behind a FlowDeployment's conditions, each a function of what was seen."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from flow_operator.manifests.names import REVISION, Manifest, label_of
from flow_operator.manifests.serving import Serving
from flow_operator.status.conditions import Breach, Finding, false, true, unknown
from flow_operator.status.pods import Pod
from flow_operator.status.text import clean, reason

_BROKEN = ("FlowInvalid", "ConnectionInvalid")
_STARTING = ("Loading", "Starting", "Ready")
SAID_LIMIT = 600


@dataclass(frozen=True)
class Seen:
    """All that one visit found out about a FlowDeployment."""

    serving: Serving
    deployment: Manifest | None = None
    pods: tuple[Pod, ...] = ()
    source_missing: Breach | None = None
    """The flow's ConfigMap is not there (or holds nothing)."""
    conflict: Breach | None = None
    """An object of another owner has a child's name."""
    refused: Breach | None = None
    """The API server did not take a child."""
    rollout: dict[str, Any] = field(default_factory=dict)
    """The Deployment's status, empty while it speaks of an older generation of it."""

    @property
    def wanted(self) -> int:
        """Pods that shall serve."""
        return self.serving.replicas

    @property
    def current(self) -> tuple[Pod, ...]:
        """Pods of the wanted revision."""
        return tuple(pod for pod in self.pods if pod.revision == self.serving.revision)


def fresh_rollout(deployment: Manifest | None) -> dict[str, Any]:
    """The status of a Deployment if it speaks of its present generation, else nothing."""
    if deployment is None:
        return {}
    status: dict[str, Any] = deployment.get("status") or {}
    up_to_date = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return status if up_to_date else {}


def accepted(seen: Seen) -> Finding:
    """The spec can be acted on."""
    return false(seen.conflict) if seen.conflict else true("Accepted", "the spec is valid")


def references_resolved(seen: Seen) -> Finding:
    """What the spec names was found, as far as pods that use it can tell."""
    if seen.source_missing:
        return false(seen.source_missing)
    for pod in seen.current:
        # A pod that is ready and yet says something has lost a connection and goes on with what it knew.
        if pod.state and (pod.state.reason == "ConnectionInvalid" or (pod.state.ready and pod.state.message)):
            return false(Breach("ConnectionInvalid", _said(pod, pod.state.message)))
        if pod.trouble is not None and pod.trouble.reason == "ContainerNotStarted":
            return false(pod.trouble)
    spec = seen.serving.spec
    secrets = [each.secret_ref.name for each in spec.connections]
    if not secrets:
        return true("Resolved", "everything that the spec names was found")
    if any(pod.ready or (pod.state and pod.state.reason == "FlowInvalid") for pod in seen.current):
        return true("Resolved", "everything that the spec names was found")
    names = ", ".join(dict.fromkeys(secrets))
    return unknown("WaitingForPods", f"the pods will tell whether the Secrets can be used: {names}")


def progressing(seen: Seen) -> Finding:
    """A rollout is under way."""
    if seen.deployment is None:
        why = seen.source_missing or seen.conflict or seen.refused
        return false(why) if why else unknown("NotObserved", "the Deployment was not seen yet")
    for condition in seen.rollout.get("conditions") or ():
        if condition.get("reason") == "ProgressDeadlineExceeded":
            said = f"the rollout of revision {seen.serving.revision} makes no progress"
            return false(Breach("Stalled", said))
    updated = int(seen.rollout.get("updatedReplicas") or 0)
    total = int(seen.rollout.get("replicas") or 0)
    if seen.rollout and updated == total == seen.wanted and _available(seen) >= seen.wanted:
        revision = label_of(seen.deployment, REVISION)
        return false(Breach("Complete", f"revision {revision} is rolled out"))
    return true("RollingOut", f"{updated} of {seen.wanted} pods run revision {seen.serving.revision}")


def ready(seen: Seen) -> Finding:
    """As many pods of the wanted revision as wanted take requests."""
    breach = next((found for check in READY_CHECKS if (found := check(seen))), None)
    if breach is None:
        return true("Ready", f"{seen.wanted} of {seen.wanted} pods take requests")
    return false(Breach(breach.reason, breach.message + _still_serving(seen)))


def _no_obstacle(seen: Seen) -> Breach | None:
    return seen.conflict or seen.refused or (seen.source_missing if seen.serving.revision is None else None)


def _pods_wanted(seen: Seen) -> Breach | None:
    if seen.serving.spec.suspend:
        return Breach("Suspended", "no pods run, because spec.suspend is true")
    return Breach("ScaledToZero", "no pods run, because spec.replicas is 0") if seen.wanted == 0 else None


def _pods_available(seen: Seen) -> Breach | None:
    updated = int(seen.rollout.get("updatedReplicas") or 0)
    if updated >= seen.wanted and _available(seen) >= seen.wanted and _unavailable(seen) == 0:
        return None
    return _worst(seen) or _replica_failure(seen) or _counting(seen)


def _counting(seen: Seen) -> Breach:
    up = sum(pod.ready for pod in seen.current)
    return Breach(
        "PodsStarting", f"{up} of {seen.wanted} pods of revision {seen.serving.revision} take requests"
    )


READY_CHECKS = (_no_obstacle, _pods_wanted, _pods_available)


def collecting(seen: Seen) -> Finding:
    """Records reach the store."""
    if seen.serving.collection is None:
        return false(Breach("Disabled", "nothing is collected: spec.collection is not set or not enabled"))
    if not seen.pods:
        return unknown("NoPods", "there is no pod that could collect")
    states = [(pod, pod.state.collection) for pod in seen.pods if pod.state and pod.state.collection]
    for pod, state in states:
        if state.reason:
            word = reason(state.reason, "CollectionFailed")
            return false(Breach(word, _said(pod, state.message or state.reason)))
    if not states:
        return unknown("PodsNotReached", "no pod could be asked about its records yet")
    return true("Collecting", "records are collected, and nothing is in the way of the store")


def runtime_outdated(seen: Seen) -> Finding:
    """The pods run an older runtime than the installed release has."""
    if seen.deployment is None:
        return unknown("NoDeployment", "there are no pods yet")
    if seen.serving.revision is None or seen.serving.kept is None:
        return false(Breach("Current", "new and running pods are the same"))
    old, new = _server_image(seen.serving.kept.template), seen.serving.image
    what = f"image {old}; the installed release has {new}" if old != new else "a pod of an older release"
    return true("OlderRuntime", f"the pods run {what}. Any change under spec.runtime brings them up to date.")


def _worst(seen: Seen) -> Breach | None:
    """The reason that explains most: what a pod says of its flow, then what Kubernetes says, then loading."""
    for pod in seen.current:
        if pod.state is not None and pod.state.reason in _BROKEN:
            return Breach(pod.state.reason, _said(pod, pod.state.message))
    for pod in seen.current:
        if pod.trouble is not None:
            return Breach(pod.trouble.reason, _said(pod, pod.trouble.message))
    for pod in seen.current:
        if pod.state is not None and not pod.state.ready and pod.state.reason not in _STARTING:
            return Breach(reason(pod.state.reason, "PodNotReady"), _said(pod, pod.state.message))
    return None


def _replica_failure(seen: Seen) -> Breach | None:
    for condition in seen.rollout.get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return Breach("PodsRefused", str(condition.get("message") or "pods cannot be created"))
    return None


def _still_serving(seen: Seen) -> str:
    """Say that an outgoing revision still answers: the service is not down."""
    others = Counter(pod.revision for pod in seen.pods if pod.ready and pod.revision != seen.serving.revision)
    if not others:
        return ""
    revision, count = others.most_common(1)[0]
    return f" (revision {revision} keeps serving with {count} pod{'s' if count > 1 else ''})"


def _said(pod: Pod, message: str) -> str:
    return f"pod {pod.name}: {clean(message, SAID_LIMIT)}"


def _available(seen: Seen) -> int:
    return int(seen.rollout.get("availableReplicas") or 0)


def _unavailable(seen: Seen) -> int:
    return int(seen.rollout.get("unavailableReplicas") or 0)


def _server_image(template: Manifest) -> str:
    containers = template["spec"]["containers"]
    return str(next((each.get("image") for each in containers if each.get("name") == "server"), ""))
