"""Names a run and says over which time it goes. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flow_runtime.contracts.settings import EvaluatorSettings

_FORTNIGHT = timedelta(days=14)
_SUFFIX = re.compile(r"-(\d{8,})")


@dataclass(frozen=True)
class Window:
    """From `start` on and before `end`, both aware."""

    start: datetime
    end: datetime
    scheduled: bool
    listed_until: datetime
    """Records are filed by when they were sealed, which is after the window for those of its last minutes."""

    def holds(self, moment: datetime) -> bool:
        """Whether a record belongs by its time. A run by hand takes all: a pod's clock may be fast."""
        return self.start <= moment and (moment < self.end or not self.scheduled)


def scheduled_time(monitor: str, job: str, now: datetime) -> datetime | None:
    """Read when a CronJob was due from its Job's name, `<monitor>-<minutes since 1970>`; else None."""
    match = _SUFFIX.fullmatch(job.removeprefix(monitor)) if job.startswith(monitor) else None
    if match is None or len(match[1]) > 10:
        return None
    due = datetime.fromtimestamp(int(match[1]) * 60, UTC)
    # A person may call a Job support-20261122; that is no recent minute.
    return due if now - _FORTNIGHT < due <= now + timedelta(minutes=5) else None


def window_of(settings: EvaluatorSettings, job: str, now: datetime) -> Window:
    """Scheduled: ends at the due time minus the offset, so that windows meet. By hand: ends now."""
    due = scheduled_time(settings.monitor, job, now)
    end = now if due is None else due - timedelta(seconds=settings.offset_seconds)
    start = end - timedelta(seconds=settings.lookback_seconds)
    return Window(start, end, due is not None, listed_until=now + timedelta(hours=1))


def run_id(settings: EvaluatorSettings, job: str, uid: str, now: datetime) -> str:
    """Name a run: a retry of the same Job has the same name; without a Job the time must do."""
    if job and uid:
        return f"{job}-{uid[:8]}"
    return f"{settings.monitor}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
