"""The status of a FlowDeployment."""

from datetime import datetime

from flow_operator.api.collection_status import CollectionStatus
from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import (
    CONDITIONS,
    PORTS_LIMIT,
    FlowDeploymentStatus,
    FlowPort,
    FlowStatus,
)
from flow_operator.manifests.names import REVISION, SERVER, label_of, selector_text
from flow_operator.manifests.service import url
from flow_operator.status import serving as checks
from flow_operator.status.collecting import collecting
from flow_operator.status.collection import collection_of, moved_only
from flow_operator.status.conditions import Finding, conditions_of
from flow_operator.status.ready import ready
from flow_operator.status.retention import retention_status
from flow_operator.status.seen import Seen
from flow_operator.status.text import clean


def status_of(cr: FlowDeployment, seen: Seen, now: datetime) -> FlowDeploymentStatus:
    """The whole status, from what one visit saw and what was said before."""
    collection = _collection(cr, seen, now)
    findings: dict[str, Finding] = {
        "Accepted": checks.accepted(seen),
        "ReferencesResolved": checks.references_resolved(seen),
        "Progressing": checks.progressing(seen),
        "Ready": ready(seen),
        "Collecting": collecting(seen, collection, now),
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
        collection=collection,
        retention=retention_status(seen, cr.status.retention),
        conditions=conditions_of(CONDITIONS, findings, cr.status.conditions, cr.metadata.generation, now),
    )


def with_old_counts(new: FlowDeploymentStatus, old: FlowDeploymentStatus) -> FlowDeploymentStatus:
    """The new status with the old traffic counters: for all the writes within a minute (rule 2)."""
    if old.collection is None or new.collection is None or not moved_only(new.collection, old.collection):
        return new
    # What Collecting says counts, too.
    said = {each.type: each for each in old.conditions if each.type == "Collecting"}
    conditions = tuple(
        before
        if (before := said.get(each.type)) and (before.status, before.reason) == (each.status, each.reason)
        else each
        for each in new.conditions
    )
    return new.model_copy(update={"collection": old.collection, "conditions": conditions})


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


def _collection(cr: FlowDeployment, seen: Seen, now: datetime) -> CollectionStatus | None:
    """Totals outlive the switch of the collection; pods that still collected are yet to end."""
    before = cr.status.collection
    if seen.serving.collection is None and before is None:
        return None
    on = seen.serving.collection is not None
    pods = [pod for pod in seen.pods if on or (pod.state and pod.state.collection)]
    return collection_of(before, pods, seen.ends, now)
