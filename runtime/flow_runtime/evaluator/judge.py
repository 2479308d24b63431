"""Judges one record by one metric: bounded attempts, one repair, and an outcome whatever comes back."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from flow_runtime.contracts.judgement import JudgeIdentity, Judgement, JudgementError, Outcome
from flow_runtime.contracts.record import TokenCount
from flow_runtime.contracts.settings import MetricSettings
from flow_runtime.evaluator.answer import AnswerError, ParsedAnswer, parse_answer
from flow_runtime.evaluator.material import REPAIR, Message, instruction_digest, messages
from flow_runtime.evaluator.provider import (
    JudgeError,
    JudgeProvider,
    JudgeStopError,
    Reply,
    TemporaryJudgeError,
)
from flow_runtime.evaluator.quotes import checked
from flow_runtime.evaluator.rubrics import RUBRICS

FIRST_DELAY, LONGEST_DELAY, LONGEST_RETRY_AFTER = 0.5, 20.0, 60.0
_REPAIRABLE = {"unparsable"}

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Subject:
    """What one metric is to be judged on: texts by section (QUESTION, ANSWER, CONTEXT); None is missing."""

    record_id: str
    sections: Mapping[str, str | None]
    missing: Mapping[str, str]
    """Why a section is missing, in words."""


class _Account:
    """What one judgement has cost so far."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.attempts, self.prompt, self.completion, self.model = 0, 0, 0, ""

    def add(self, reply: Reply) -> None:
        self.prompt += reply.tokens.prompt
        self.completion += reply.tokens.completion
        self.model = reply.model or self.model

    @property
    def tokens(self) -> TokenCount:
        return TokenCount(prompt=self.prompt, completion=self.completion)

    @property
    def ms(self) -> float:
        return round((time.monotonic() - self.began) * 1000, 1)


class Judge:
    """Asks a provider and never raises but JudgeStopError: each other failure is a judgement of its own."""

    def __init__(self, provider: JudgeProvider, max_attempts: int, sleep: Sleep = asyncio.sleep) -> None:
        self._provider = provider
        self._max_attempts = max_attempts
        self._sleep = sleep

    async def judge(self, subject: Subject, metric: MetricSettings) -> Judgement:
        """Judge one record by one metric. KeyError for a metric that has no rubric."""
        rubric = RUBRICS[metric.name]
        ruled = judged_by_rule(subject, metric, rubric.needs)
        if ruled is not None:
            return ruled
        sections = {name: text for name, text in subject.sections.items() if text is not None}
        shown = {name: sections[name] for name in (*rubric.needs, *rubric.uses) if name in sections}
        account = _Account()
        error, parsed = None, None
        try:
            parsed = await self._ask(messages(rubric, shown), account)
        except JudgeStopError:
            raise
        except (JudgeError, AnswerError) as failure:
            error = JudgementError(type=failure.type, message=str(failure))
        return Judgement(
            record_id=subject.record_id,
            metric=metric.name,
            outcome=_outcome(parsed, metric.row_threshold),
            score=parsed.score if parsed else None,
            row_threshold=metric.row_threshold,
            reason=parsed.reason if parsed else "",
            quotes=checked(parsed.quotes, shown) if parsed else (),
            judge=JudgeIdentity(
                model=self._provider.model, response_model=account.model, rubric=instruction_digest(rubric)
            ),
            attempts=account.attempts,
            tokens=account.tokens,
            ms=account.ms,
            error=error,
        )

    async def _ask(self, request: list[Message], account: _Account) -> ParsedAnswer:
        """Ask; a reply that is no JSON gets one chance to be said again. AnswerError, JudgeError."""
        reply = await self._reply(request, account)
        try:
            return parse_answer(reply.text, reply.finish, reply.refusal)
        except AnswerError as error:
            if error.type not in _REPAIRABLE or account.attempts >= self._max_attempts:
                raise
        again = [*request, {"role": "assistant", "content": reply.text}, {"role": "user", "content": REPAIR}]
        reply = await self._reply(again, account)
        return parse_answer(reply.text, reply.finish, reply.refusal)

    async def _reply(self, request: list[Message], account: _Account) -> Reply:
        delay = FIRST_DELAY
        while True:
            account.attempts += 1
            try:
                reply = await self._provider.ask(request)
            except TemporaryJudgeError as error:
                if account.attempts >= self._max_attempts:
                    raise
                asked_for = min(error.retry_after or 0.0, LONGEST_RETRY_AFTER)
                await self._sleep(max(asked_for, delay * random.uniform(0.5, 1)))
                delay = min(delay * 2, LONGEST_DELAY)
            else:
                account.add(reply)
                return reply


def judged_by_rule(subject: Subject, metric: MetricSettings, needs: tuple[str, ...]) -> Judgement | None:
    """Decide without the judge where there is nothing to ask about; None when it has to be asked."""
    answer = subject.sections.get("ANSWER")
    outcome, reason = Outcome.NOT_EVALUABLE, ""
    gone = [name for name in needs if subject.sections.get(name) is None]
    if gone:
        reason = "; ".join(subject.missing.get(name, f"{name} is missing") for name in gone)
    elif answer is not None and not answer.strip():
        outcome, reason = Outcome.FAILED, "The answer is empty (decided by rule, the judge was not asked)."
    elif not (subject.sections.get("QUESTION") or "").strip():
        reason = "The question is empty."
    if not reason:
        return None
    return Judgement(
        record_id=subject.record_id,
        metric=metric.name,
        outcome=outcome,
        row_threshold=metric.row_threshold,
        reason=reason,
    )


def _outcome(parsed: ParsedAnswer | None, row_threshold: int) -> Outcome:
    if parsed is None:
        return Outcome.ERROR
    return Outcome.PASSED if parsed.score >= row_threshold else Outcome.FAILED
