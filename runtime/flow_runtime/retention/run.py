"""Walks through what a deployment has in its store, the oldest first, and deletes what is to go."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from flow_runtime.retention.plan import HOUR, Plan, day_of, plan
from flow_runtime.store import Store
from flow_runtime.store.keys import EVALUATIONS, FEEDBACK, RECORDS


@dataclass
class Tally:
    """What a run did so far; in a dry run, what it would have done."""

    objects: int = 0
    rows: int = 0
    foreign: int = 0
    oldest: datetime | None = None

    def add(self, done: Plan) -> None:
        """Count a part of the listing."""
        self.objects += len(done.delete)
        self.rows += done.rows
        self.foreign += done.foreign
        self.stays(done.oldest)

    def stays(self, hour: datetime | None) -> None:
        """Note the hour of something that stays."""
        if hour is not None and (self.oldest is None or hour < self.oldest):
            self.oldest = hour


@dataclass(frozen=True)
class Sweep:
    """One run: everything of the deployment `prefix` that is older than `before`."""

    store: Store
    prefix: str
    before: datetime
    dry_run: bool
    tally: Tally
    """Filled as the run goes on, so that it is there when the store fails."""

    async def run(self, time_is_up: Callable[[], bool]) -> bool:
        """Delete; tells whether the end was reached before the time was up. StoreError stops it."""
        for folder in (RECORDS, FEEDBACK):
            async for day in self._old_days(folder):
                if not await self._clear(day, time_is_up):
                    return False
        return await self._clear(f"{self.prefix}/{EVALUATIONS}", time_is_up)

    async def _old_days(self, folder: str) -> AsyncIterator[str]:
        """The partitions of days that may hold something too old; of the others only the first is noted."""
        for name in await self.store.folders(f"{self.prefix}/{folder}"):
            day = day_of(name)
            if day is None:
                self.tally.foreign += 1
            elif day + HOUR <= self.before:
                yield f"{self.prefix}/{folder}/{name}"
            else:
                self.tally.stays(day)

    async def _clear(self, prefix: str, time_is_up: Callable[[], bool]) -> bool:
        async for page in self.store.pages(prefix):
            if time_is_up():
                return False
            wanted = plan(page, self.prefix, self.before)
            if wanted.delete and not self.dry_run:
                await self.store.delete(wanted.delete)
            self.tally.add(wanted)
        return True
