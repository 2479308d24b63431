"""One visit to a FlowDeployment."""

from dataclasses import replace
from datetime import timedelta

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import CONDITIONS, FlowDeploymentStatus
from flow_operator.manifests.flow_deployment import build
from flow_operator.manifests.kept import keep_template
from flow_operator.reconcile.children import bring_about, prune
from flow_operator.reconcile.context import Context, Key
from flow_operator.reconcile.image_volumes import image_volumes_missing
from flow_operator.reconcile.notes import deployment_notes, ending_notes
from flow_operator.reconcile.observe import Observed, describe, observe, unused_config_maps
from flow_operator.reconcile.parse import parse, rejected
from flow_operator.reconcile.retention import tend_retention
from flow_operator.resources import CONFIG_MAP, FLOW_DEPLOYMENT
from flow_operator.status.collecting import RECORDS_LOST
from flow_operator.status.collection import endings
from flow_operator.status.conditions import Breach
from flow_operator.status.flow_deployment import status_of, with_old_counts
from flow_operator.status.pods import pods_of
from flow_operator.status.seen import Seen, fresh_rollout

COUNTS_EVERY = timedelta(seconds=60)
CONFLICT_SECONDS = 10.0
"""Nobody tells us when an object of somebody else goes away."""
WATCH_SECONDS, PATIENT_SECONDS = 2.5, 30.0
"""How often pods that are not ready are asked: often at first, then with more patience."""


async def reconcile_flow_deployment(context: Context, key: Key) -> float | None:
    """Bring about what a FlowDeployment says. Returns in how many seconds to look again, if at all."""
    live = await context.kube.get(FLOW_DEPLOYMENT, key.namespace, key.name)
    if live is None or "deletionTimestamp" in live["metadata"]:
        context.forget(key)
        context.metrics.collection.forget(key.namespace, key.name)
        return None
    cr = parse(FlowDeployment, live)
    if isinstance(cr, Breach):
        await context.kube.apply_status(FLOW_DEPLOYMENT, live, rejected(CONDITIONS, live, cr, context.now()))
        return None
    source = cr.spec.flow.config_map
    context.references.remember(key, [Key("ConfigMap", key.namespace, source.name)] if source else [])
    seen = await _act(context, cr, await observe(context.kube, cr))
    status = _status(context, key, cr, seen)
    ended = endings(cr.status.collection, seen.ends)
    await context.events.post(live, deployment_notes(cr.status, status) + ending_notes(ended))
    await context.kube.apply_status(FLOW_DEPLOYMENT, live, status.model_dump(mode="json", exclude_none=True))
    # Only now: whatever goes wrong before, the next visit finds these pods again.
    context.departures.settle(each.uid for each in ended)
    context.metrics.collection.show(key.namespace, key.name, status.collection)
    return _again(context, seen, status)


async def _act(context: Context, cr: FlowDeployment, observed: Observed) -> Seen:
    """Write what differs, then ask the pods."""
    serving, missing = describe(cr, context.release, observed)
    serving = keep_template(serving, observed.deployment, observed.replica_sets)
    if unsupported := await image_volumes_missing(context.kube, serving, observed.deployment):
        serving, missing = replace(serving, revision=None, kept=None), unsupported
    outcome = await bring_about(context.kube, cr.metadata.uid, build(serving))
    deployment = outcome.live.get(f"Deployment/{serving.name}") or observed.deployment
    if outcome.conflict is None and outcome.refused is None:
        unused = unused_config_maps(serving, observed, deployment)
        await prune(context.kube, cr.metadata.uid, unused, CONFIG_MAP)
    retention = await tend_retention(context.kube, serving)
    pods = await context.states.ask(pods_of(observed.pods, observed.replica_sets))
    known = cr.status.collection.pods if cr.status.collection else ()
    ends, open_ends = context.departures.of(known, observed.pods, context.now())
    return Seen(
        serving=serving,
        deployment=deployment,
        pods=pods,
        source_missing=missing,
        conflict=outcome.conflict,
        refused=outcome.refused,
        retention=retention,
        ends=ends,
        open_ends=open_ends,
        rollout=fresh_rollout(deployment),
    )


def _status(context: Context, key: Key, cr: FlowDeployment, seen: Seen) -> FlowDeploymentStatus:
    """The status to write: traffic counters move it at most once a minute."""
    now = context.now()
    status = status_of(cr, seen, now)
    calm = with_old_counts(status, cr.status)
    counted = context.counted.get(key)
    if calm == cr.status and counted is not None and now - counted < COUNTS_EVERY:
        return calm
    if status.collection != cr.status.collection:
        context.counted[key] = now
    return status


def _again(context: Context, seen: Seen, status: FlowDeploymentStatus) -> float | None:
    if seen.conflict is not None:
        return CONFLICT_SECONDS
    if seen.open_ends:
        return WATCH_SECONDS
    ready, collecting = (
        next(condition for condition in status.conditions if condition.type == kind)
        for kind in ("Ready", "Collecting")
    )
    if seen.pods and ready.status != "True":
        waited = (context.now() - ready.last_transition_time).total_seconds()
        return min(max(waited / 10, WATCH_SECONDS), PATIENT_SECONDS)
    # What moves without an event: counters of records, and Secrets, which only the pods can see.
    moving = seen.serving.collection or seen.serving.spec.connections
    due = (seen.pods and moving) or collecting.reason == RECORDS_LOST
    return COUNTS_EVERY.total_seconds() if due else None
