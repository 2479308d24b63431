"""The retention of a FlowDeployment, beside what its builders make: its last run, and its removal."""

import asyncio

from flow_operator.kube import Kube
from flow_operator.manifests.names import RETENTION, owned_by, retention_name, selector_text
from flow_operator.manifests.retention import retention_of
from flow_operator.manifests.serving import Serving
from flow_operator.reconcile.children import prune
from flow_operator.resources import CONFIG_MAP, CRON_JOB, JOB, POD, SERVICE_ACCOUNT
from flow_operator.status.job import EndedJob, newest_ended


async def tend_retention(kube: Kube, serving: Serving) -> EndedJob | None:
    """Return the run that ended last; remove what is left of a retention that is no longer wanted."""
    meta, name = serving.cr.metadata, retention_name(serving.name)
    cron_job = await kube.get(CRON_JOB, meta.namespace, name)
    if cron_job is None or not owned_by(cron_job, meta.uid):
        return None
    if retention_of(serving) is None:
        # The CronJob goes last: while it is there, the next visit knows that something is left.
        for resource in (CONFIG_MAP, SERVICE_ACCOUNT, CRON_JOB):
            live = await kube.get(resource, meta.namespace, name)
            await prune(kube, meta.uid, [live] if live else [], resource)
        return None
    selector = selector_text(serving.name, RETENTION)
    jobs, pods = await asyncio.gather(
        kube.list(JOB, meta.namespace, selector), kube.list(POD, meta.namespace, selector)
    )
    return newest_ended(jobs, pods, str(cron_job["metadata"]["uid"]), RETENTION)
