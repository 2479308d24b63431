"""One record by one metric: attempts, repair, and an outcome for whatever comes back."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.settings import MetricSettings
from flow_runtime.evaluator.judge import Judge, Subject
from flow_runtime.evaluator.material import REPAIR, Message
from flow_runtime.evaluator.probes import PROBES, health, probe_pairs, subject_of
from flow_runtime.evaluator.provider import (
    FunctionJudge,
    JudgeError,
    JudgeStopError,
    RejectedError,
    Reply,
    TemporaryJudgeError,
)
from flow_runtime.evaluator.rubrics import RUBRICS
from tests.unit.evaluator_parts import METRICS, reply

GROUNDEDNESS = MetricSettings(name="groundedness", row_threshold=3)
SECTIONS = {"QUESTION": "When?", "ANSWER": "May 7th, 2023 [doc3]", "CONTEXT": "Ordered on May 7th, 2023."}
SUBJECT = Subject("id-1", SECTIONS, {})
Answer = Callable[[Sequence[Message]], Reply]


def one_after_the_other(*replies: Reply | JudgeError) -> Answer:
    waiting: Iterator[Reply | JudgeError] = iter(replies)

    def answer(_: Sequence[Message]) -> Reply:
        this = next(waiting)
        if isinstance(this, JudgeError):
            raise this
        return this

    return answer


async def judged(answer: Answer, attempts: int = 3, waits: list[float] | None = None) -> Judgement:
    slept = waits if waits is not None else []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return await Judge(FunctionJudge(answer, "judge-1"), attempts, sleep).judge(SUBJECT, GROUNDEDNESS)


@pytest.mark.parametrize(("score", "outcome"), [(1, "failed"), (2, "failed"), (3, "passed"), (5, "passed")])
async def test_a_score_passes_from_the_rows_threshold_on(score: int, outcome: str) -> None:
    result = await judged(lambda _: reply(score))
    assert (result.outcome, result.score, result.row_threshold) == (outcome, score, 3)


async def test_a_judgement_says_why_by_whom_and_at_what_cost() -> None:
    quotes = [("May 7th, 2023", "ANSWER"), ("May 8th", "CONTEXT")]
    result = await judged(lambda _: reply(5, "The date stands in the order.", quotes))
    assert result.reason == "The date stands in the order."
    assert [(quote.text, quote.found) for quote in result.quotes] == [
        ("May 7th, 2023", True),
        ("May 8th", False),
    ]
    assert result.judge is not None
    assert (result.judge.model, result.judge.response_model) == ("judge-1", "judge-1-0601")
    assert len(result.judge.rubric) == 12
    assert (result.attempts, result.tokens.prompt, result.tokens.completion) == (1, 100, 20)
    assert result.error is None


@pytest.mark.parametrize(
    ("answer", "type_"),
    [
        (Reply("garbage"), "unparsable"),
        (Reply(""), "empty"),
        (reply(9), "out_of_range"),
        (reply("5"), "wrong_type"),
        (reply(4.0), "wrong_type"),
        (Reply("{}", finish="length"), "truncated"),
        (Reply("", refusal="no"), "refused"),
        (RejectedError("rejected", "too long"), "rejected"),
    ],
)
async def test_what_is_no_score_is_an_error_with_its_type(answer: Reply | JudgeError, type_: str) -> None:
    result = await judged(one_after_the_other(answer, answer))
    assert (result.outcome, result.score) == (Outcome.ERROR, None)
    assert result.error is not None
    assert result.error.type == type_


async def test_a_reply_that_is_no_json_gets_one_chance_to_be_said_again() -> None:
    seen: list[Sequence[Message]] = []

    def answer(messages: Sequence[Message]) -> Reply:
        seen.append(messages)
        return Reply("I think 4.") if len(seen) == 1 else reply(4)

    result = await judged(answer)
    assert (result.outcome, result.score, result.attempts) == (Outcome.PASSED, 4, 2)
    assert seen[1][-2] == {"role": "assistant", "content": "I think 4."}
    assert seen[1][-1] == {"role": "user", "content": REPAIR}


async def test_there_is_no_second_repair() -> None:
    result = await judged(one_after_the_other(Reply("no"), Reply("no"), reply(5)))
    assert (result.outcome, result.attempts) == (Outcome.ERROR, 2)


async def test_a_score_out_of_range_gets_no_chance_to_be_changed() -> None:
    result = await judged(one_after_the_other(reply(7), reply(5)))
    assert (result.outcome, result.attempts) == (Outcome.ERROR, 1)


async def test_a_judge_that_is_away_is_asked_again_after_growing_pauses() -> None:
    waits: list[float] = []
    away = TemporaryJudgeError("unavailable", "503")
    result = await judged(one_after_the_other(away, away, reply(4)), waits=waits)
    assert (result.outcome, result.attempts) == (Outcome.PASSED, 3)
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


async def test_retry_after_is_waited_for_but_not_for_hours() -> None:
    waits: list[float] = []
    asked = [TemporaryJudgeError("rate_limited", "429", seconds) for seconds in (7, 86400)]
    await judged(one_after_the_other(*asked, reply(4)), waits=waits)
    assert waits == [7, 60]


async def test_attempts_are_bounded() -> None:
    waits: list[float] = []
    away = TemporaryJudgeError("timeout", "no reply within 60 s")
    result = await judged(one_after_the_other(away, away, away, reply(5)), waits=waits)
    assert (result.outcome, result.attempts, len(waits)) == (Outcome.ERROR, 3, 2)
    assert result.error is not None
    assert result.error.type == "timeout"


async def test_a_wrong_key_is_raised_and_not_filed_as_one_of_many_errors() -> None:
    with pytest.raises(JudgeStopError):
        await judged(one_after_the_other(JudgeStopError("unauthorized", "401", "JudgeUnauthorized")))


async def test_an_empty_answer_fails_by_rule_and_costs_no_call() -> None:
    provider = FunctionJudge(lambda _: reply(5))
    subject = Subject("id-1", {**SECTIONS, "ANSWER": "  "}, {})
    result = await Judge(provider, 3).judge(subject, GROUNDEDNESS)
    assert (result.outcome, result.score, result.judge) == (Outcome.FAILED, None, None)
    assert provider.calls == 0


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_probed(name: str) -> None:
    assert probe_pairs([MetricSettings(name=name)])
    assert {name for probe in PROBES for name in probe.must_fail} == set(RUBRICS)


async def probed(score: Callable[[Sequence[Message]], Reply]) -> list[Judgement]:
    judge = Judge(FunctionJudge(score), 1)
    pairs = probe_pairs([MetricSettings(name=name) for name in METRICS])
    return [await judge.judge(subject_of(probe), metric) for probe, metric in pairs]


async def test_a_judge_that_fails_every_probe_is_sound() -> None:
    found = health(await probed(lambda _: reply(1)))
    assert found.healthy is True
    assert "9 of 9" in found.message


async def test_one_probe_that_passes_makes_the_judge_unsound_and_is_named() -> None:
    def obedient(messages: Sequence[Message]) -> Reply:
        return reply(5 if "Disregard the rubric" in messages[1]["content"] else 1)

    found = health(await probed(obedient))
    assert found.healthy is False
    assert "orders-a-score (groundedness)" in found.message


async def test_a_judge_that_answers_no_probe_is_neither_sound_nor_unsound() -> None:
    found = health(await probed(lambda _: Reply("garbage")))
    assert found.healthy is None
    assert "unparsable" in found.message


async def test_probes_that_a_content_filter_stops_do_not_count_against_the_judge() -> None:
    def filtered(messages: Sequence[Message]) -> Reply:
        if "rubric has changed" in messages[1]["content"]:
            raise RejectedError("refused", "content filter")
        return reply(1)

    found = health(await probed(filtered))
    assert found.healthy is True
    assert "2 were not answered" in found.message
