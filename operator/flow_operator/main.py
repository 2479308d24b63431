"""Wires the operator: settings, client, lease, queue, workers, watches; and ends it in good order.

`python -m flow_operator`, in a pod or beside a KUBECONFIG.
"""

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from functools import partial

import kopf
from kubernetes.client import Configuration

from flow_operator import settings as environment
from flow_operator.errors import InvalidSettings, Refused
from flow_operator.kube import Kube, Manifest, configuration
from flow_operator.leader import Leader
from flow_operator.queue import WorkQueue
from flow_operator.reconcile.context import Context, Key
from flow_operator.reconcile.flow_deployment import reconcile_flow_deployment
from flow_operator.reconcile.flow_monitor import reconcile_flow_monitor
from flow_operator.resources import FLOW_DEPLOYMENT, FLOW_MONITOR, OWN_KINDS, POD, Resource
from flow_operator.settings import Settings
from flow_operator.states import States
from flow_operator.telemetry import logs
from flow_operator.telemetry.events import Events
from flow_operator.telemetry.http import Health
from flow_operator.telemetry.metrics import Metrics
from flow_operator.watch import keys_of, registry_of
from flow_operator.work import Resync, work

LEASE_NAME = "flow-operator"

log = logging.getLogger(__name__)


async def run(settings: Settings, config: Configuration) -> None:
    """Run until a signal; one operator per process."""
    metrics = Metrics()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        health = Health(metrics.registry, settings.http_port)
        await health.start()
        stack.push_async_callback(health.stop)
        kube = await stack.enter_async_context(Kube(config))
        if settings.leader_election and not await _lead(settings, kube, stop, stack):
            return
        states = await stack.enter_async_context(States())
        context = Context(kube, states, Events(kube, settings.pod_name), metrics, settings.release)
        await _operate(settings, config, context, stop, stack)


async def _lead(settings: Settings, kube: Kube, stop: asyncio.Event, stack: AsyncExitStack) -> bool:
    """Wait for the lease and keep it; False when we are asked to stop before it is ours."""
    leader = Leader(kube, settings.namespace, LEASE_NAME, settings.pod_name)
    acquired, stopped = asyncio.create_task(leader.acquire()), asyncio.create_task(stop.wait())
    await asyncio.wait({acquired, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (acquired, stopped):
        task.cancel()
    if stop.is_set():
        return False
    acquired.result()
    stack.push_async_callback(leader.release)
    stack.push_async_callback(_end, asyncio.create_task(leader.hold()))
    return True


async def _operate(
    settings: Settings, config: Configuration, context: Context, stop: asyncio.Event, stack: AsyncExitStack
) -> None:
    """Start workers and resync, then watch until told to stop."""
    queue: WorkQueue[Key] = WorkQueue(asyncio.get_running_loop())
    context.metrics.queue_depth.set_function(lambda: len(queue))
    resync = Resync(context.kube, settings.watch_namespaces, settings.resync_seconds, context.metrics)
    await _check_access(resync)

    def report(resource: Resource, body: Manifest, gone: bool) -> None:
        if resource in OWN_KINDS:
            resync.ear.reported(body)
        if resource is POD and gone:
            context.departures.tell(body)
        for key in keys_of(resource.kind, body, context.references):
            queue.add(key)

    reconcilers = {
        FLOW_DEPLOYMENT.kind: partial(reconcile_flow_deployment, context),
        FLOW_MONITOR.kind: partial(reconcile_flow_monitor, context),
    }
    tasks = [work(queue, reconcilers, context.metrics) for _ in range(settings.workers)]
    for coroutine in (*tasks, resync.run(queue.add)):
        stack.push_async_callback(_end, asyncio.create_task(coroutine))
    if stop.is_set():
        return
    # From here on kopf takes the signals. It is not given `stop`: it would wait 5 s for its own waiter on it.
    log.info("watching", extra={"namespaces": settings.watch_namespaces or "all"})
    await kopf.operator(
        registry=registry_of(config, report),
        standalone=True,
        clusterwide=not settings.watch_namespaces,
        namespaces=settings.watch_namespaces,
    )
    log.info("stopping")


async def _check_access(resync: Resync) -> None:
    """Say in words what is missing, before kopf says it in its own."""
    for resource in OWN_KINDS:
        try:
            await resync.list(resource)
        except Refused as error:
            missing = f"cannot list {resource.plural}.{resource.group}"
            raise InvalidSettings(f"{missing}: install the CRDs and the chart's roles ({error})") from error


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def main() -> int:
    """Run the operator; the exit code is 1 when its environment is wrong."""
    try:
        settings = environment.read(os.environ)
        logs.configure(settings.log_level)
        asyncio.run(run(settings, configuration()))
    except InvalidSettings as error:
        sys.stderr.write(f"flow-operator cannot start: {error}\n")
        return 1
    return 0
