"""The process of one run: `python -m flow_runtime.retention SETTINGS`.

Ends with 0 when all that is too old is gone, or the time was up (the next run goes on); with 1 when the store
failed; with 3 when the clock cannot be trusted, and then no second attempt is to be made; with 2 without
settings. What was done is the container's termination message.
"""

import asyncio
import signal
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from flow_runtime.contracts.retention import CLOCK_EXIT, RetentionSettings, RetentionSummary
from flow_runtime.logs import log
from flow_runtime.retention.clock import distrust
from flow_runtime.retention.run import Sweep, Tally
from flow_runtime.store import Store, StoreError
from flow_runtime.store.errors import StoreForbiddenError
from flow_runtime.store.keys import deployment_prefix
from flow_runtime.termination import publish

CLOCK_IMPLAUSIBLE = "ClockImplausible"
RIGHTS = "a run must be allowed to list, put and delete objects (of S3: ListBucket, PutObject, DeleteObject)"


async def run(settings: RetentionSettings, now: datetime) -> RetentionSummary:
    """Make one run; what kept it from its end is in the summary's `problem`."""
    before, tally = now - timedelta(days=settings.days), Tally()
    log("info", "run begins", before=before, dry_run=settings.dry_run, store=settings.store.url)
    problem, message = await _sweep(settings, now, before, tally)
    return RetentionSummary(
        started=now,
        finished=datetime.now(UTC),
        before=before,
        dry_run=settings.dry_run,
        objects=tally.objects,
        rows=tally.rows,
        foreign=tally.foreign,
        oldest=tally.oldest,
        problem=problem,
        message=message,
    )


async def _sweep(
    settings: RetentionSettings, now: datetime, before: datetime, tally: Tally
) -> tuple[str, str]:
    loop = asyncio.get_running_loop()
    end = loop.time() + settings.deadline_seconds
    try:
        store, prefix = Store.open(settings.store), deployment_prefix(settings.identity)
        if why := await distrust(store, prefix, now):
            return CLOCK_IMPLAUSIBLE, f"nothing was deleted: {why}"
        sweep = Sweep(store, prefix, before, settings.dry_run, tally)
        finished = await sweep.run(lambda: loop.time() > end)
    except StoreForbiddenError as error:
        return error.reason, f"{error}; {RIGHTS}"
    except StoreError as error:
        return error.reason, str(error)
    except Exception as error:  # noqa: BLE001 - a run that fails by our own mistake must say so, too
        where = traceback.format_tb(error.__traceback__)
        log("error", f"the run failed: {type(error).__name__}", where=where)
        return "InternalError", f"{type(error).__name__}: see the log of the Job"
    return "", "" if finished else "the time was up before the end; the next run goes on"


async def supervised(settings: RetentionSettings) -> RetentionSummary:
    """Make a run that SIGTERM ends at once: as process 1 of a container nobody else would."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(settings, datetime.now(UTC))


def main(arguments: list[str]) -> int:
    """Read the settings, make the run, publish its summary."""
    if len(arguments) != 1:
        log("error", "usage: python -m flow_runtime.retention SETTINGS")
        return 2
    try:
        settings = RetentionSettings.model_validate_json(Path(arguments[0]).read_bytes())
    except (OSError, ValidationError) as error:
        log("error", f"the settings {arguments[0]} cannot be read", cause=str(error)[:500])
        return 2
    try:
        summary = asyncio.run(supervised(settings))
    except asyncio.CancelledError:
        log("warning", "ended by a signal; the next run goes on")
        return 128 + signal.SIGTERM
    publish(summary.model_dump_json().encode("utf-8", "replace"))
    if summary.problem:
        log("warning", summary.message, problem=summary.problem)
    return CLOCK_EXIT if summary.problem == CLOCK_IMPLAUSIBLE else int(bool(summary.problem))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
