"""Puts all cases and metrics before the judge: so many at a time, until all are judged or the time is up."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.settings import MetricSettings
from flow_runtime.evaluator.judge import Judge, Subject
from flow_runtime.evaluator.provider import JudgeStopError

PROGRESS_SECONDS = 5.0

Task = tuple[Subject, MetricSettings]
Log = Callable[..., None]


class Judging:
    """Judges tasks in order. What was not judged in the end is `skipped`, with the reason why."""

    def __init__(self, judge: Judge, concurrency: int, deadline: float, log: Log) -> None:
        self._judge = judge
        self._concurrency = concurrency
        self._deadline = deadline
        self._log = log
        self._logged = time.monotonic()
        self.stopped: JudgeStopError | None = None
        """Why no further request makes sense."""

    async def all(self, tasks: Sequence[Task], what: str = "judged") -> list[Judgement]:
        """Judge all tasks; `deadline` is in the running loop's time."""
        done: dict[int, Judgement] = {}
        waiting = deque(range(len(tasks)))
        loop = asyncio.get_running_loop()

        async def work() -> None:
            while waiting and self.stopped is None and loop.time() < self._deadline:
                number = waiting.popleft()
                done[number] = await self._judge.judge(*tasks[number])
                self._progress(len(done), len(tasks), what)

        try:
            async with asyncio.timeout_at(self._deadline), asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(tasks))):
                    group.create_task(work())
        except* JudgeStopError as stopped:
            self.stopped = _leaves(stopped)[0]
        except* TimeoutError:
            self._log("warning", "the run's time is up", done=len(done), of=len(tasks))
        why = f"the run was stopped: {self.stopped}" if self.stopped else "the run's time was up"
        return [done.get(number) or skipped(*task, why) for number, task in enumerate(tasks)]

    def stop_if_unreachable(self, results: Sequence[Judgement]) -> None:
        """Ask no more after a first round of which nothing at all could reach the judge."""
        errors = [each.error for each in results]
        if errors and all(error is not None and error.type == "unreachable" for error in errors):
            message = errors[0].message if errors[0] else ""
            self.stopped = JudgeStopError("unreachable", message, "JudgeUnreachable")

    def _progress(self, done: int, of: int, what: str) -> None:
        now = time.monotonic()
        if done == of or now - self._logged >= PROGRESS_SECONDS:
            self._logged = now
            self._log("info", f"{what} {done} of {of}")


def skipped(subject: Subject, metric: MetricSettings, why: str) -> Judgement:
    """Say that something was not judged, and why."""
    return Judgement(
        record_id=subject.record_id,
        metric=metric.name,
        outcome=Outcome.SKIPPED,
        row_threshold=metric.row_threshold,
        reason=why,
    )


def _leaves(group: BaseExceptionGroup[JudgeStopError]) -> list[JudgeStopError]:
    found: list[JudgeStopError] = []
    for each in group.exceptions:
        found.extend(_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    return found
