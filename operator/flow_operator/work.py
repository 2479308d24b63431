"""The workers and the resync: who visits which resource when."""

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from flow_operator.errors import Permanent, Temporary
from flow_operator.kube import Kube, Manifest
from flow_operator.queue import WorkQueue
from flow_operator.reconcile.context import Key
from flow_operator.resources import OWN_KINDS, Resource
from flow_operator.telemetry.metrics import Metrics

VISIT_SECONDS = 60.0
STALL_SECONDS = 60.0
"""A change that the watch has not reported for this long is one that it never will report."""

Reconcile = Callable[[Key], Awaitable[float | None]]

log = logging.getLogger(__name__)


async def work(queue: WorkQueue[Key], reconcilers: Mapping[str, Reconcile], metrics: Metrics) -> None:
    """Visit one key after the other, for ever."""
    while True:
        key = await queue.get()
        start, result = time.monotonic(), "error"
        try:
            async with asyncio.timeout(VISIT_SECONDS):
                again = await reconcilers[key.kind](key)
            result = "success"
            queue.succeeded(key)
            if again is not None:
                queue.add_later(key, again)
        except (Temporary, TimeoutError) as error:
            delay = queue.retry(key)
            log.warning("will try again", extra=key._asdict() | {"seconds": delay, "error": str(error)})
        except Permanent as error:
            queue.retry(key)
            log.error("was refused", extra=key._asdict() | {"error": str(error)})
        except Exception:
            queue.retry(key)
            log.exception("visit failed", extra=key._asdict())
        finally:
            queue.done(key)
            metrics.reconcile_seconds.labels(key.kind, result).observe(time.monotonic() - start)


class Ear:
    """Notices that a watch has gone deaf: a LIST shows a change that the watch has not reported in time."""

    def __init__(self) -> None:
        self._reported: dict[str, str] = {}
        self._missed: dict[str, tuple[str, float]] = {}

    def reported(self, body: Manifest) -> None:
        """Note what the watch said about an object."""
        meta = body["metadata"]
        self._reported[meta["uid"]] = meta["resourceVersion"]

    def deaf(self, listed: Sequence[Manifest], now: float) -> bool:
        """Whether one and the same change has gone unreported from an earlier LIST until this one."""
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in listed}
        self._reported = {uid: version for uid, version in self._reported.items() if uid in versions}
        missed: dict[str, tuple[str, float]] = {}
        for uid, version in versions.items():
            if self._reported.get(uid) != version:
                known = self._missed.get(uid)
                missed[uid] = known if known is not None and known[0] == version else (version, now)
        self._missed = missed
        return any(now - since > STALL_SECONDS for _, since in missed.values())


class Resync:
    """Lists our resources now and then and asks for a visit to all: what watches miss is found here."""

    def __init__(self, kube: Kube, namespaces: Sequence[str], seconds: float, metrics: Metrics) -> None:
        self._kube = kube
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._seconds = seconds
        self._metrics = metrics
        self.ear = Ear()

    async def run(self, add: Callable[[Key], None]) -> None:
        """Resync for ever; ends the process when the watch has gone deaf, since a restart mends it."""
        while True:
            await asyncio.sleep(self._seconds * random.uniform(0.8, 1.2))
            try:
                listed = [(resource, each) for resource in OWN_KINDS for each in await self.list(resource)]
            except (Temporary, Permanent) as error:
                log.warning("resync failed", extra={"error": str(error)})
                continue
            for resource, each in listed:
                add(Key(resource.kind, each["metadata"]["namespace"], each["metadata"]["name"]))
            if self.ear.deaf([each for _, each in listed], time.monotonic()):
                self._metrics.watch_stalled.inc()
                log.error("the watch reports no changes any more: starting anew")
                os._exit(1)

    async def list(self, resource: Resource) -> list[Manifest]:
        """List one of our kinds in every watched namespace."""
        found = [await self._kube.list(resource, namespace) for namespace in self._namespaces]
        return [each for page in found for each in page]
