"""Leader election by a Lease: one operator acts, the others wait.

The holder is named after the pod, so that a restarted container takes its own lease back at once. No clock is
compared with another machine's: a lease is over when it was not renewed for its duration as seen from here.
"""

import asyncio
import datetime as dt
import logging
import os
import time
from typing import Any

from flow_operator.errors import Temporary, Unavailable
from flow_operator.kube import Kube, Manifest
from flow_operator.resources import LEASE

LEASE_SECONDS = 15
RENEW_DEADLINE_SECONDS = 10.0
RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class Leader:
    """The right to act, held through one Lease."""

    def __init__(self, kube: Kube, namespace: str, name: str, identity: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seen_version = ""
        self._seen_at = 0.0

    async def acquire(self) -> None:
        """Wait until the lease is ours."""
        log.info("waiting for the lease", extra={"lease": self._name, "holder": self._identity})
        while True:
            try:
                if await self._attempt():
                    break
            except Temporary as error:
                log.warning("could not take the lease", extra={"lease": self._name, "error": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
        log.info("acquired the lease", extra={"lease": self._name, "holder": self._identity})

    async def hold(self) -> None:
        """Renew for ever. Ends the process when the lease is lost: another operator may act by then."""
        renewed = time.monotonic()
        while (left := renewed + RENEW_DEADLINE_SECONDS - time.monotonic()) > 0:
            try:
                asked = time.monotonic()
                async with asyncio.timeout(left):
                    if not await self._attempt():
                        break
                renewed = asked
            except (Temporary, TimeoutError) as error:
                log.warning("could not renew the lease", extra={"lease": self._name, "error": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
        log.error("lost the lease", extra={"lease": self._name, "holder": self._identity})
        os._exit(1)

    async def release(self) -> None:
        """Give the lease up, so that the next operator need not wait for its end."""
        try:
            lease = await self._kube.get(LEASE, self._namespace, self._name)
            if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
                lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                await self._kube.replace(LEASE, lease)
                log.info("released the lease", extra={"lease": self._name, "holder": self._identity})
        except Temporary as error:
            log.warning("could not release the lease", extra={"lease": self._name, "error": str(error)})

    async def _attempt(self) -> bool:
        """Take or renew the lease; False when another one holds it, Temporary when that cannot be told."""
        lease = await self._kube.get(LEASE, self._namespace, self._name)
        if lease is not None and not self._free(lease):
            return False
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = dict(lease["spec"]) if lease else {"leaseTransitions": 0}
        if spec.get("holderIdentity") != self._identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + (1 if lease else 0)
        spec |= {"holderIdentity": self._identity, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}
        await self._write(lease, spec)
        return True

    def _free(self, lease: Manifest) -> bool:
        """Whether we may take a lease: it is ours, was released, or was not renewed for its duration."""
        version = str(lease["metadata"]["resourceVersion"])
        if version != self._seen_version:
            self._seen_version, self._seen_at = version, time.monotonic()
        age = time.monotonic() - self._seen_at
        spec = lease["spec"]
        return spec.get("holderIdentity", "") in ("", self._identity) or age > spec["leaseDurationSeconds"]

    async def _write(self, lease: Manifest | None, spec: dict[str, Any]) -> None:
        if lease is not None:
            await self._kube.replace(LEASE, lease | {"spec": spec})
            return
        meta = {"name": self._name, "namespace": self._namespace}
        body = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": meta, "spec": spec}
        if not await self._kube.create(LEASE, body):
            raise Unavailable("another operator made the lease first")
