"""All that one visit found out about a FlowDeployment, and how its pods' words are repeated."""

import re
from dataclasses import dataclass, field
from typing import Any

from flow_operator.manifests.names import Manifest
from flow_operator.manifests.serving import Serving
from flow_operator.status.conditions import Breach
from flow_operator.status.ends import End
from flow_operator.status.job import EndedJob
from flow_operator.status.pods import Pod
from flow_operator.status.text import clean, reason
from flow_runtime.contracts.state import SOURCE_PROBLEM, PodState

SAID_LIMIT = 600


@dataclass(frozen=True)
class Seen:
    """All that one visit found out about a FlowDeployment."""

    serving: Serving
    deployment: Manifest | None = None
    pods: tuple[Pod, ...] = ()
    source_missing: Breach | None = None
    """The flow's ConfigMap is not there (or holds nothing), or the cluster cannot mount the source."""
    conflict: Breach | None = None
    """An object of another owner has a child's name."""
    refused: Breach | None = None
    """The API server did not take a child."""
    retention: EndedJob | None = None
    """The run of retention that ended last; None when none has, or none is wanted."""
    ends: tuple[End, ...] = ()
    """Pods whose collector works no more."""
    open_ends: bool = False
    """A pod is no longer listed, and the watch may yet tell how it ended."""
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

    @property
    def updated(self) -> int:
        """Pods of the newest template."""
        return int(self.rollout.get("updatedReplicas") or 0)

    @property
    def available(self) -> int:
        """Pods that take requests, of whatever revision."""
        return int(self.rollout.get("availableReplicas") or 0)


def fresh_rollout(deployment: Manifest | None) -> dict[str, Any]:
    """The status of a Deployment if it speaks of its present generation, else nothing."""
    if deployment is None:
        return {}
    status: dict[str, Any] = deployment.get("status") or {}
    up_to_date = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return status if up_to_date else {}


def said(pod: Pod, message: str) -> str:
    """What a pod said, or what is said of it, made harmless."""
    return f"pod {pod.name}: {clean(message, SAID_LIMIT)}"


def source_problem(pod: Pod) -> Breach | None:
    """What keeps a pod from fetching its flow, by its own word."""
    if pod.state is None or pod.state.ready or not pod.state.reason.startswith(SOURCE_PROBLEM):
        return None
    return Breach(reason(pod.state.reason, "SourceUnavailable"), said(pod, pod.state.message))


def secrets_of(seen: Seen, state: PodState) -> str:
    """Name the Secrets behind the connections that a pod speaks of, where it does not name them itself."""
    connections = seen.serving.spec.connections
    meant = [each for each in connections if each.name in state.message] or connections
    if all(_names_secret(state.message, each.secret_ref.name) for each in meant):
        return ""
    return f" ({'; '.join(f'connection {each.name}: Secret {each.secret_ref.name}' for each in meant)})"


def store_secret_of(seen: Seen, message: str) -> str:
    """Name the Secret of the store, where a pod's message does not name it itself."""
    ref = seen.serving.store.secret_ref if seen.serving.store else None
    return "" if ref is None or _names_secret(message, ref.name) else f" (store: Secret {ref.name})"


def _names_secret(message: str, name: str) -> bool:
    """The whole name: Secret `a` is not named by "Secret a-b", but by "Secret a." at a sentence's end."""
    return re.search(rf"\bSecret {re.escape(name)}(?![-.]*[a-z0-9])", message) is not None
