"""The collector's loop: oldest sealed segment, redact, gzip, PUT, count, remove; back off without a store.

A segment's object is named by what never changes (pod, number, rows, time of sealing), so a PUT that is
repeated after a crash writes the same object.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flow_runtime import spool
from flow_runtime.collector.pack import Packed, pack
from flow_runtime.collector.redact.policy import POLICY_REASONS, Policy, PolicyError
from flow_runtime.contracts.settings import Identity
from flow_runtime.spool import Segment
from flow_runtime.store import Store, StoreError
from flow_runtime.store.keys import segment_key

POLL_SECONDS = 0.5
STATE_SECONDS = 5.0
FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
_WELL = {"reason": "", "message": "", "failing_since": None}

Log = Callable[..., None]
Key = Callable[[Identity, datetime, str, int, int], object]
"""Names a segment's object by deployment, time of sealing, pod, number and rows."""


class Collector:
    """Moves the segments of one spool to a store, until told to stop and then until all is stored."""

    def __init__(
        self,
        directory: Path,
        identity: Identity,
        pod: str,
        open_store: Callable[[], Store],
        load_policy: Callable[[], Policy],
        log: Log,
        key: Key = segment_key,
    ) -> None:
        self._directory = directory
        self._identity = identity
        self._pod = pod
        self._open_store = open_store
        self._load_policy = load_policy
        self._log = log
        self._key = key
        self._store: Store | None = None
        self._state = self._written = spool.read_collector_state(directory)
        self._looked = float("-inf")

    async def run(self, stop: asyncio.Event, drain_seconds: float) -> bool:
        """Collect until `stop`, then at most `drain_seconds` more; tells whether all was stored."""
        work = asyncio.create_task(self._forever())
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait({work, waiter}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, waiter):
            task.cancel()
        # A PUT that is cut off here is repeated below, under the same name.
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return await self._drain(drain_seconds)

    async def _drain(self, seconds: float) -> bool:
        """The server is gone: seal what it left open and store all there is."""
        leftovers = spool.seal_leftovers(self._directory)
        self._log("info", "draining the spool", leftovers=leftovers)
        try:
            async with asyncio.timeout(seconds):
                await self._collect()
        except TimeoutError:
            self._log("warning", "the spool was not drained in time", bytes_left=self._state.spool_bytes)
            return False
        return True

    async def _forever(self) -> None:
        self.check_policy()
        while True:
            await self._collect()
            if time.monotonic() - self._looked >= STATE_SECONDS:
                self.check_policy()
                self._save()
            await asyncio.sleep(POLL_SECONDS)

    def check_policy(self) -> None:
        """Say that records cannot be redacted, or can again, while there is none that would show it."""
        try:
            self._load_policy()
        except PolicyError as error:
            self._failed(error)
            return
        if self._state.reason in POLICY_REASONS:
            self._log("info", "records can be redacted again", after=self._state.reason)
            self._state = self._state.model_copy(update=_WELL)
            self._save()

    async def _collect(self) -> None:
        """Store all sealed segments, oldest first, however long the store is away."""
        delay = FIRST_DELAY
        while segments := spool.sealed(self._directory):
            try:
                await self._take(segments[0])
                delay = FIRST_DELAY
            except (StoreError, PolicyError, OSError) as error:
                self._failed(error)
                # Drawn, so that the pods of a deployment do not come back all at once.
                await asyncio.sleep(delay * random.uniform(0.5, 1))
                delay = min(delay * 2, LONGEST_DELAY)

    async def _take(self, segment: Segment) -> None:
        # Anew for each segment, since its key may have been rotated; without a policy nothing is stored.
        policy = self._load_policy()
        packed = await asyncio.to_thread(lambda: pack(segment.path.read_bytes(), policy))
        began = time.monotonic()
        if packed.rows:
            if self._store is None:
                self._store = self._open_store()
            key = self._key(self._identity, segment.sealed, self._pod, segment.no, packed.rows)
            await self._store.put(str(key), packed.data)
        self._count(segment, packed, time.monotonic() - began)
        # Counted before it is removed: a crash in between stores it again but does not count it again.
        self._save()
        segment.path.unlink(missing_ok=True)

    def _count(self, segment: Segment, packed: Packed, put_seconds: float) -> None:
        if self._state.reason:
            self._log("info", "the store takes records again", after=self._state.reason)
        changes: dict[str, object] = dict(_WELL)
        if packed.rows:
            changes["last_stored"] = datetime.now(UTC)
            changes["put_seconds"] = self._state.put_seconds.observe(put_seconds)
        if segment.no > self._state.last_segment:
            changes["stored"] = self._state.stored + packed.rows
            changes["lost"] = self._state.lost + packed.lost
            changes["redacted"] = dict(Counter(self._state.redacted) + Counter(packed.redacted))
            changes["last_segment"] = segment.no
        self._state = self._state.model_copy(update=changes)

    def _failed(self, error: Exception) -> None:
        """Say why. Credentials may have been rotated meanwhile, so the store is opened anew the next time."""
        self._store = None
        known = isinstance(error, StoreError | PolicyError)
        reason = error.reason if isinstance(error, StoreError | PolicyError) else "SpoolUnreadable"
        message = str(error) if known else f"a segment cannot be read: {type(error).__name__}"
        if self._state.reason != reason:
            self._log("warning", "records are not being stored", reason=reason, cause=message)
        since = self._state.failing_since or datetime.now(UTC)
        self._state = self._state.model_copy(
            update={"reason": reason, "message": message, "failing_since": since}
        )
        self._save()

    def _save(self) -> None:
        """Write the state if it changed. A full spool must not end the one who can empty it."""
        self._looked = time.monotonic()
        self._state = self._state.model_copy(update={"spool_bytes": spool.used_bytes(self._directory)})
        if self._state != self._written:
            with contextlib.suppress(OSError):
                spool.write_collector_state(self._directory, self._state)
                self._written = self._state
