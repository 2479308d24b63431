"""The evaluator's process: `python -m flow_runtime.evaluator SETTINGS`.

Ends with 0 whatever the verdict, also when there was nothing to judge; with 1 when the run could not be made,
and then a later attempt may make it. In a Job, `JOB_NAME` and `JOB_UID` name the run.
"""

import asyncio
import os
import signal
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.settings import EvaluatorSettings
from flow_runtime.evaluator.openai_judge import OpenAIJudge
from flow_runtime.evaluator.result import RunFrame
from flow_runtime.evaluator.rubrics import RUBRICS
from flow_runtime.evaluator.run import evaluate
from flow_runtime.evaluator.summary import fit
from flow_runtime.evaluator.window import run_id, window_of
from flow_runtime.llm.connection import read_connection
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.logs import log
from flow_runtime.store import Store, StoreError
from flow_runtime.termination import publish

RESERVE_SECONDS = 60
"""Kept of the Job's deadline for the report: the deadline deletes the pod and its message."""
FINISHED = {"", "NoRecords", "MappingInvalid"}
"""Problems of a run that was made."""


async def run(settings: EvaluatorSettings, job: str, uid: str) -> RunSummary:
    """Make one run; what keeps it from being made is in the summary's `problem`."""
    started = datetime.now(UTC)
    seconds = max(settings.deadline_seconds - RESERVE_SECONDS, settings.deadline_seconds / 2)
    frame = RunFrame(
        id=run_id(settings, job, uid, started),
        window=window_of(settings, job, started),
        started=started,
        deadline=asyncio.get_running_loop().time() + seconds,
    )
    log("info", "run begins", run=frame.id, start=frame.window.start, end=frame.window.end)
    unknown = [metric.name for metric in settings.metrics if metric.name not in RUBRICS]
    if unknown:
        known = ", ".join(RUBRICS)
        return failed(frame, "MetricUnknown", f"no rubric for {', '.join(unknown)}; there are: {known}")
    try:
        store = Store.open(settings.store)
        judge = OpenAIJudge(settings.judge, read_connection(settings.judge.connection))
    except StoreError as error:
        return failed(frame, error.reason, str(error))
    except ConnectionInvalid as error:
        return failed(frame, "JudgeConnectionInvalid", str(error))
    try:
        return await evaluate(settings, frame, store, judge, log)
    except StoreError as error:
        return failed(frame, error.reason, str(error))
    except Exception as error:  # noqa: BLE001 - a run that fails by our own mistake must say so, too
        log(
            "error", f"the run failed: {type(error).__name__}", where=traceback.format_tb(error.__traceback__)
        )
        return failed(frame, "InternalError", f"{type(error).__name__}: see the log of the Job")
    finally:
        await judge.close()


def failed(frame: RunFrame, problem: str, message: str) -> RunSummary:
    """Summarise a run that could not be made: nothing is known, and nothing is claimed."""
    return RunSummary(
        run=frame.id,
        window_start=frame.window.start,
        window_end=frame.window.end,
        started=frame.started,
        finished=datetime.now(UTC),
        records=0,
        sampled=0,
        url="",
        problem=problem,
        message=message,
    )


async def supervised(settings: EvaluatorSettings) -> RunSummary:
    """Make a run that SIGTERM ends at once: as process 1 of a container nobody else would."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(settings, os.environ.get("JOB_NAME", ""), os.environ.get("JOB_UID", ""))


def main(arguments: list[str]) -> int:
    """Read the settings, make the run, publish its summary."""
    if len(arguments) != 1:
        log("error", "usage: python -m flow_runtime.evaluator SETTINGS")
        return 2
    try:
        settings = EvaluatorSettings.model_validate_json(Path(arguments[0]).read_bytes())
    except (OSError, ValidationError) as error:
        log("error", f"the settings {arguments[0]} cannot be read", cause=str(error)[:500])
        return 2
    try:
        summary = asyncio.run(supervised(settings))
    except asyncio.CancelledError:
        log("warning", "ended by a signal; a retry of this run goes on with the same plan")
        return 128 + signal.SIGTERM
    publish(fit(summary))
    if summary.problem:
        log("warning", summary.message or summary.problem, problem=summary.problem)
    return 0 if summary.problem in FINISHED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
