"""The collector's loop: oldest sealed segment, redact, gzip, PUT, count, remove; back off without a store.

A segment's object is named by what never changes (pod, number, rows, time of sealing), so a PUT that is
repeated after a crash writes the same object. A segment without a whole line is an object of no rows: so a
number that is missing in the store is a segment that was lost.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flow_runtime import spool
from flow_runtime.collector.last_words import LastWords
from flow_runtime.collector.ledger import Ledger, Log
from flow_runtime.collector.pack import Packed, pack
from flow_runtime.collector.redact.policy import POLICY_REASONS, Policy, PolicyError
from flow_runtime.contracts.settings import Identity
from flow_runtime.spool import Segment
from flow_runtime.store import Store, StoreError
from flow_runtime.store.keys import segment_key

POLL_SECONDS = 0.5
STATE_SECONDS = 5.0
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
LONGEST_DELAY_AT_THE_END = 2.0
"""There is little time left, and a store that returns should be found."""
TRIES = 3
"""Of a segment that cannot be read, before it is set aside for those behind it."""

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
        last_words: LastWords | None = None,
    ) -> None:
        self._directory = directory
        self._identity = identity
        self._pod = pod
        self._open_store = open_store
        self._load_policy = load_policy
        self._log = log
        self._key = key
        self._last_words = last_words or LastWords(directory, directory / "feedback")
        self._store: Store | None = None
        self._ledger = Ledger(directory, log)
        self._unread = (0, 0)
        """The segment that could not be read the last time, and how often that was."""
        self._ending = False

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
        self._ending = True
        self._log("info", "draining the spool")
        await asyncio.to_thread(self._last_words.update, self._ledger.state.reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    whole = self._seal()
                    await self._collect()
                    if whole:
                        return True
                    await asyncio.sleep(FIRST_DELAY)
        left = self._last_words.update(self._ledger.state.reason)
        self._log(
            "warning", "the spool was not drained in time", records=left.records, feedback=left.feedback
        )
        return False

    def _seal(self) -> bool:
        """Seal what the server left open; tells whether the disk let us."""
        try:
            spool.seal_leftovers(self._directory)
        except OSError as error:
            cause = f"spool {self._directory}: {error.strerror or error}"
            self._ledger.failed("SpoolUnwritable", cause)
            return False
        return True

    async def _forever(self) -> None:
        self.check_policy()
        while True:
            await self._collect()
            if self._ledger.age >= STATE_SECONDS:
                self.check_policy()
                self._ledger.save()
            await asyncio.sleep(POLL_SECONDS)

    def check_policy(self) -> None:
        """Say that records cannot be redacted, or can again, while there is none that would show it."""
        try:
            self._load_policy()
        except PolicyError as error:
            self._ledger.failed(error.reason, str(error))
            return
        if self._ledger.state.reason in POLICY_REASONS:
            self._ledger.well()
            self._ledger.save()

    async def _collect(self) -> None:
        """Store all sealed segments, oldest first, however long the store is away."""
        delay = FIRST_DELAY
        while segments := spool.sealed(self._directory):
            try:
                await self._take(segments[0])
                delay = FIRST_DELAY
                continue
            except (StoreError, PolicyError) as error:
                # Credentials may have been rotated meanwhile, so the store is opened anew the next time.
                self._store = None
                self._ledger.failed(error.reason, str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the segments behind it
                if self._set_aside(segments[0], error):
                    continue
            if self._ending:
                self._last_words.update(self._ledger.state.reason)
            # Drawn, so that the pods of a deployment do not come back all at once.
            await asyncio.sleep(delay * random.uniform(0.5, 1))
            delay = min(delay * 2, LONGEST_DELAY_AT_THE_END if self._ending else LONGEST_DELAY)

    async def _take(self, segment: Segment) -> None:
        # Anew for each segment, since its key may have been rotated; without a policy nothing is stored.
        policy = self._load_policy()
        packed = await asyncio.to_thread(_packed, segment.path, policy)
        began = time.monotonic()
        if self._store is None:
            self._store = self._open_store()
        key = self._key(self._identity, segment.sealed, self._pod, segment.no, packed.rows)
        await self._store.put(str(key), packed.data)
        self._ledger.stored(segment, packed, time.monotonic() - began)
        segment.path.unlink(missing_ok=True)
        self._ledger.removed()
        if self._ending:
            self._last_words.update()

    def _set_aside(self, segment: Segment, error: Exception) -> bool:
        """Count a segment as lost and set it aside, once it was tried often enough; tell whether it was."""
        cause = f"segment {segment.no} cannot be read: {type(error).__name__}"
        no, tries = self._unread
        self._unread = (segment.no, tries + 1 if no == segment.no else 1)
        self._ledger.failed("SpoolUnreadable", cause)
        if self._unread[1] < TRIES:
            return False
        self._ledger.given_up(segment, cause)
        with contextlib.suppress(OSError):
            spool.set_aside(segment)
        return not segment.path.exists()


def _packed(path: Path, policy: Policy) -> Packed:
    with path.open("rb") as source:
        return pack(source, policy)
