"""Is a FlowDeployment ready, and if not, why: checks in order, each a function of what was seen."""

from collections import Counter

from flow_operator.status.conditions import Breach, Finding, false, true
from flow_operator.status.seen import Seen, said, secrets_of, source_problem
from flow_operator.status.text import reason
from flow_runtime.contracts.state import FETCHING

_BROKEN = ("FlowInvalid", "ConnectionInvalid")
_STARTING = (FETCHING, "Loading", "Starting", "Ready")


def ready(seen: Seen) -> Finding:
    """As many pods of the wanted revision as wanted take requests."""
    breach = next((found for check in READY_CHECKS if (found := check(seen))), None)
    if breach is None:
        return true("Ready", f"{seen.wanted} of {seen.wanted} pods take requests{_old_connections(seen)}")
    return false(Breach(breach.reason, breach.message + _still_serving(seen)))


def _no_obstacle(seen: Seen) -> Breach | None:
    return seen.conflict or seen.refused or (seen.source_missing if seen.serving.revision is None else None)


def _pods_wanted(seen: Seen) -> Breach | None:
    if seen.serving.spec.suspend:
        return Breach("Suspended", "no pods run, because spec.suspend is true")
    return Breach("ScaledToZero", "no pods run, because spec.replicas is 0") if seen.wanted == 0 else None


def _pods_available(seen: Seen) -> Breach | None:
    # Of an outgoing revision's pod and a new one that is not ready yet, only the first counts as available.
    if min(seen.updated, seen.available) >= seen.wanted and not seen.rollout.get("unavailableReplicas"):
        return None
    return _worst(seen) or _replica_failure(seen) or _counting(seen)


def _counting(seen: Seen) -> Breach:
    up = sum(pod.ready for pod in seen.current)
    return Breach(
        "PodsStarting", f"{up} of {seen.wanted} pods of revision {seen.serving.revision} take requests"
    )


READY_CHECKS = (_no_obstacle, _pods_wanted, _pods_available)


def _worst(seen: Seen) -> Breach | None:
    """The reason that explains most: what a pod says of its flow, then what Kubernetes says, then loading."""
    for pod in seen.current:
        if pod.state is not None and pod.state.reason in _BROKEN:
            secrets = secrets_of(seen, pod.state) if pod.state.reason == "ConnectionInvalid" else ""
            return Breach(pod.state.reason, said(pod, pod.state.message) + secrets)
        if problem := source_problem(pod):
            return problem
    for pod in seen.current:
        if pod.trouble is not None:
            return Breach(pod.trouble.reason, said(pod, pod.trouble.message))
    for pod in seen.current:
        if pod.state is not None and not pod.state.ready and pod.state.reason not in _STARTING:
            return Breach(reason(pod.state.reason, "PodNotReady"), said(pod, pod.state.message))
    return None


def _replica_failure(seen: Seen) -> Breach | None:
    for condition in seen.rollout.get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return Breach("PodsRefused", str(condition.get("message") or "pods cannot be created"))
    return None


def _old_connections(seen: Seen) -> str:
    """Say which Secret cannot be used as it is now: pods that are ready go on with what it held before."""
    troubled = [pod for pod in seen.current if pod.state and pod.state.ready and pod.state.message]
    if not troubled:
        return ""
    first = troubled[0]
    secrets = secrets_of(seen, first.state) if first.state else ""
    told = said(first, first.state.message if first.state else "")
    return f"; {len(troubled)} of them with a connection's former value: {told}{secrets}"


def _still_serving(seen: Seen) -> str:
    """Say that an outgoing revision still answers: the service is not down."""
    others = Counter(pod.revision for pod in seen.pods if pod.ready and pod.revision != seen.serving.revision)
    if not others:
        return ""
    revision, count = others.most_common(1)[0]
    return f" (revision {revision} keeps serving with {count} pod{'s' if count > 1 else ''})"
