"""The status of a FlowDeployment."""

from datetime import datetime

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import (
    CONDITIONS,
    PORTS_LIMIT,
    CollectionStatus,
    FlowDeploymentStatus,
    FlowPort,
    FlowStatus,
)
from flow_operator.manifests.names import REVISION, SERVER, label_of, selector_text
from flow_operator.manifests.service import url
from flow_operator.status import serving as checks
from flow_operator.status.conditions import Finding, conditions_of
from flow_operator.status.ready import ready
from flow_operator.status.retention import retention_status
from flow_operator.status.seen import Seen
from flow_operator.status.text import clean, told_time
from flow_runtime.contracts.state import CollectionState

COUNT_LIMIT = 2**53 - 1


def status_of(cr: FlowDeployment, seen: Seen, now: datetime) -> FlowDeploymentStatus:
    """The whole status, from what one visit saw and what was said before."""
    findings: dict[str, Finding] = {
        "Accepted": checks.accepted(seen),
        "ReferencesResolved": checks.references_resolved(seen),
        "Progressing": checks.progressing(seen),
        "Ready": ready(seen),
        "Collecting": checks.collecting(seen),
        "RuntimeOutdated": checks.runtime_outdated(seen),
    }
    up = int(seen.rollout.get("readyReplicas") or 0) if seen.rollout else cr.status.ready_replicas or 0
    live = seen.deployment
    return FlowDeploymentStatus(
        observed_generation=cr.metadata.generation,
        url=url(seen.serving),
        revision=label_of(live, REVISION) if live is not None else cr.status.revision,
        ready=f"{min(up, seen.wanted)}/{seen.wanted}",
        replicas=int((live or {}).get("status", {}).get("replicas") or 0),
        ready_replicas=up,
        selector=selector_text(cr.metadata.name, SERVER),
        flow=_flow(seen) or cr.status.flow,
        collection=_collection(seen),
        retention=retention_status(seen, cr.status.retention),
        conditions=conditions_of(CONDITIONS, findings, cr.status.conditions, cr.metadata.generation, now),
    )


def with_old_counts(new: FlowDeploymentStatus, old: FlowDeploymentStatus) -> FlowDeploymentStatus:
    """The new status with the old traffic counters: for all the writes within a minute (rule 2)."""
    if old.collection is None or new.collection is None:
        return new
    return new.model_copy(update={"collection": old.collection})


def _flow(seen: Seen) -> FlowStatus | None:
    shapes = [pod.state.flow for pod in seen.current if pod.state and pod.state.flow]
    if not shapes:
        return None
    return FlowStatus(
        kind=clean(shapes[0].kind, 63), inputs=_ports(shapes[0].inputs), outputs=_ports(shapes[0].outputs)
    )


def _ports(ports: dict[str, str]) -> tuple[FlowPort, ...]:
    cleaned = {clean(name, 253): clean(kind, 63) for name, kind in sorted(ports.items())[:PORTS_LIMIT]}
    return tuple(FlowPort(name=name, type=kind) for name, kind in cleaned.items())


def _collection(seen: Seen) -> CollectionStatus | None:
    if seen.serving.collection is None:
        return None
    states = [pod.state.collection for pod in seen.pods if pod.state and pod.state.collection]
    if not states:
        return None
    times = [time for each in states if each.last_stored and (time := told_time(each.last_stored))]
    return CollectionStatus(
        captured=_sum(states, "captured"),
        dropped=min(sum(max(each, 0) for state in states for each in state.dropped.values()), COUNT_LIMIT),
        stored=_sum(states, "stored"),
        last_stored=max(times, default=None),
    )


def _sum(states: list[CollectionState], field: str) -> int:
    """A pod's figures are only its word, so they are kept within what the schema takes."""
    total = sum(max(int(getattr(state, field)), 0) for state in states)
    return min(total, COUNT_LIMIT)
