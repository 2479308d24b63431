"""One visit to a FlowMonitor."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.flowmonitor_status import CONDITIONS
from flow_operator.manifests.evaluation import Evaluation, Source
from flow_operator.manifests.flow_monitor import build
from flow_operator.manifests.names import EVALUATOR, evaluator_name, owned_by, selector_text
from flow_operator.manifests.source import source_of
from flow_operator.reconcile.children import Outcome, bring_about, prune
from flow_operator.reconcile.context import Context, Key
from flow_operator.reconcile.notes import monitor_notes
from flow_operator.reconcile.parse import parse, rejected
from flow_operator.resources import (
    CONFIG_MAP,
    CRON_JOB,
    FLOW_DEPLOYMENT,
    FLOW_MONITOR,
    JOB,
    POD,
    SERVICE_ACCOUNT,
)
from flow_operator.status.conditions import Breach
from flow_operator.status.flow_monitor import Seen, status_of
from flow_operator.status.run import Run, newest_run
from flow_operator.status.schedule import next_time

CONFLICT_SECONDS = 10.0


async def reconcile_flow_monitor(context: Context, key: Key) -> float | None:
    """Bring about what a FlowMonitor says. Returns in how many seconds to look again, if at all."""
    live = await context.kube.get(FLOW_MONITOR, key.namespace, key.name)
    if live is None or "deletionTimestamp" in live["metadata"]:
        context.forget(key)
        context.metrics.forget(key.namespace, key.name)
        return None
    cr = parse(FlowMonitor, live)
    if isinstance(cr, Breach):
        await context.kube.apply_status(FLOW_MONITOR, live, rejected(CONDITIONS, live, cr, context.now()))
        return None
    watched = Key(FlowDeployment.KIND, key.namespace, cr.spec.flow_deployment_ref.name)
    context.references.remember(key, [watched])
    seen = await _act(context, cr)
    status = status_of(cr, seen, context.now())
    await context.events.post(live, monitor_notes(cr.status, status, seen.run))
    await context.kube.apply_status(FLOW_MONITOR, live, status.model_dump(mode="json", exclude_none=True))
    context.metrics.show(key.namespace, key.name, status)
    if seen.conflict is not None:
        return CONFLICT_SECONDS
    return (seen.next_run - context.now()).total_seconds() + 1 if seen.next_run else None


async def _act(context: Context, cr: FlowMonitor) -> Seen:
    """Write what differs, then see how the runs went."""
    source, missing = await _source(context, cr)
    outcome, cron_job = Outcome(), None
    if missing is None or missing.reason != "FlowDeploymentInvalid":
        outcome = await bring_about(
            context.kube, cr.metadata.uid, build(Evaluation(cr, context.release, source))
        )
        cron_job = outcome.live.get(f"CronJob/{cr.metadata.name}")
        if source is None:
            await _remove_all(context, cr)
    scheduled = cron_job is not None and not cr.spec.suspend
    return Seen(
        run=await _newest_run(context, cr),
        next_run=_next(context, cr) if scheduled else None,
        source_missing=missing,
        conflict=outcome.conflict,
        refused=outcome.refused,
    )


async def _source(context: Context, cr: FlowMonitor) -> tuple[Source | None, Breach | None]:
    """Where the records are, or why that is not known."""
    name, namespace = cr.spec.flow_deployment_ref.name, cr.metadata.namespace
    live = await context.kube.get(FLOW_DEPLOYMENT, namespace, name)
    if live is None:
        said = f"there is no FlowDeployment {name} in namespace {namespace}"
        return None, Breach("FlowDeploymentNotFound", said)
    deployment = parse(FlowDeployment, live)
    if isinstance(deployment, Breach):
        said = f"FlowDeployment {name} cannot be read: {deployment.message}"
        return None, Breach("FlowDeploymentInvalid", said)
    source = source_of(deployment)
    if source is None:
        return None, Breach(
            "NothingCollected", f"FlowDeployment {name} collects nothing: set its spec.collection"
        )
    return source, None


async def _remove_all(context: Context, cr: FlowMonitor) -> None:
    """Without a source nothing may start: a run could only fail."""
    meta = cr.metadata
    names = {
        CRON_JOB: meta.name,
        CONFIG_MAP: evaluator_name(meta.name),
        SERVICE_ACCOUNT: evaluator_name(meta.name),
    }
    for resource, name in names.items():
        live = await context.kube.get(resource, meta.namespace, name)
        await prune(context.kube, meta.uid, [live] if live else [], resource)


async def _newest_run(context: Context, cr: FlowMonitor) -> Run | None:
    """The run that finished last, scheduled or started by hand: both belong to the CronJob by its uid."""
    meta = cr.metadata
    selector = selector_text(meta.name, EVALUATOR)
    cron_job, jobs, pods = await asyncio.gather(
        context.kube.get(CRON_JOB, meta.namespace, meta.name),
        context.kube.list(JOB, meta.namespace, selector),
        context.kube.list(POD, meta.namespace, selector),
    )
    if cron_job is None or not owned_by(cron_job, meta.uid):
        return None
    return newest_run(jobs, pods, str(cron_job["metadata"]["uid"]))


def _next(context: Context, cr: FlowMonitor) -> datetime | None:
    try:
        return next_time(cr.spec.schedule, ZoneInfo(cr.spec.time_zone), context.now())
    except (ZoneInfoNotFoundError, ValueError):
        return None
