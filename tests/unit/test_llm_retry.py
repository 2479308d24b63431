"""When an LLM is asked again, and when not at all: the retry budget and the circuit."""

import asyncio
import math
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_runtime.llm import retry
from flow_runtime.llm.budget import PER_RETRY, RESERVE, WINDOW_SECONDS, RetryBudget
from flow_runtime.llm.circuit import FAILURES, PROBE_SECONDS, Circuit
from flow_runtime.llm.connection_types import OpenAIConnection
from flow_runtime.llm.errors import BadAnswer, CircuitOpen, LLMError, RateLimited, Refused, Unavailable
from flow_runtime.llm.health import KEPT, Health, Healths
from flow_runtime.llm.wire import LONGEST_WAIT, asked_wait

QUICK = settings(max_examples=60, deadline=None)
PAUSES = st.floats(0, 30)
STEPS = st.lists(st.tuples(PAUSES, st.integers(0, 40), st.integers(0, 40)), max_size=30)


@QUICK
@given(STEPS)
def test_in_no_window_are_there_more_retries_than_the_reserve_and_a_fifth_of_the_questions(
    steps: list[tuple[float, int, int]],
) -> None:
    budget, now = RetryBudget(), 1000.0
    asked: deque[tuple[float, int, int]] = deque()
    for pause, questions, retries in steps:
        now += pause
        for _ in range(questions):
            budget.deposit(now)
        granted = sum(budget.withdraw(now) for _ in range(retries))
        asked.append((now, questions, granted))
        window = [each for each in asked if math.floor(each[0]) > math.floor(now) - WINDOW_SECONDS]
        # A question pays for a retry up to a window later, so those of the window before may still count.
        paying = [each for each in asked if math.floor(each[0]) > math.floor(now) - 2 * WINDOW_SECONDS]
        assert sum(each[2] for each in window) <= RESERVE + sum(each[1] for each in paying) / PER_RETRY


@QUICK
@given(st.lists(st.floats(WINDOW_SECONDS / (RESERVE - 2), 20), max_size=60))
def test_whoever_retries_less_than_twice_a_second_is_never_refused(pauses: list[float]) -> None:
    budget, now = RetryBudget(), 0.0
    for pause in pauses:
        now += pause
        assert budget.withdraw(now)
    assert budget.refused == 0


def test_a_thousand_questions_to_a_dead_llm_become_a_fifth_more() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.deposit(0.5)
    assert sum(budget.withdraw(0.5) for _ in range(1000)) == RESERVE + 1000 / PER_RETRY
    assert budget.refused == 1000 - RESERVE - 1000 / PER_RETRY
    assert budget.withdraw(0.5 + WINDOW_SECONDS)


@QUICK
@given(st.lists(st.one_of(st.floats(0, 8), st.sampled_from(["answered", "failed"])), max_size=80))
def test_a_circuit_is_open_after_failures_in_a_row_and_lets_one_through_at_a_time(
    events: list[float | str],
) -> None:
    circuit, now, in_a_row, probed = Circuit(), 0.0, 0, -math.inf
    for event in events:
        match event:
            case "answered":
                circuit.answered()
                in_a_row = 0
            case "failed":
                circuit.failed(now)
                in_a_row += 1
                probed = now if in_a_row == FAILURES else probed
            case float():
                now += event
        assert circuit.open == (in_a_row >= FAILURES)
        wait = circuit.wait(now)
        if not circuit.open:
            assert wait == 0
        elif wait == 0:
            assert now - probed >= PROBE_SECONDS - 1e-6
            probed = now
        else:
            assert wait == pytest.approx(probed + PROBE_SECONDS - now)


class Down:
    """An LLM that fails in one way until it is told to answer; counts its tries."""

    def __init__(self, error: LLMError) -> None:
        self.error: LLMError | None = error
        self.tries = 0

    async def ask(self) -> str:
        self.tries += 1
        if self.error is not None:
            raise self.error
        return "fine"


@pytest.fixture
def health(monkeypatch: pytest.MonkeyPatch) -> Health:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)
    return Health("llm", OpenAIConnection("k"))


async def ask(llm: Down, health: Health) -> str:
    return await retry.trying(llm.ask, asyncio.get_running_loop().time() + 1, health)


async def test_a_few_failures_are_tried_again_and_close_nothing(health: Health) -> None:
    llm = Down(Unavailable("down"))
    for _ in range(FAILURES // 2):
        with pytest.raises(Unavailable):
            await ask(llm, health)
    assert llm.tries == FAILURES // 2 * retry.MAX_TRIES
    assert not health.circuit.open


async def test_a_dead_llm_is_asked_by_a_probe_only_and_the_others_are_told(health: Health) -> None:
    llm = Down(Unavailable("down"))
    for _ in range(FAILURES):
        with pytest.raises(Unavailable):
            await ask(llm, health)
    asked = llm.tries
    assert asked < FAILURES * retry.MAX_TRIES  # the budget was used up on the way
    assert health.budget.refused > 0
    with pytest.raises(CircuitOpen, match=r"'llm' was down for 10 requests.*again in 5 s") as open_:
        await ask(llm, health)
    assert (open_.value.name, open_.value.status, llm.tries) == ("CircuitOpen", 503, asked)
    assert open_.value.retry_after is not None
    assert 0 < open_.value.retry_after <= PROBE_SECONDS


async def test_a_probe_is_one_try_and_its_answer_closes_the_circuit(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm = Down(Unavailable("down"))
    for _ in range(FAILURES):
        health.circuit.failed(0)
    with pytest.raises(Unavailable, match="down"):
        await ask(llm, health)
    assert llm.tries == 1
    assert health.circuit.open
    health.circuit = Circuit()
    for _ in range(FAILURES):
        health.circuit.failed(0)
    llm.error = None
    assert await ask(llm, health) == "fine"
    assert not health.circuit.open


@pytest.mark.parametrize(
    "error", [RateLimited("wait", 0.0), RateLimited("wait", 60.0), Refused("no"), BadAnswer("no")], ids=repr
)
async def test_an_llm_that_says_anything_is_not_down(error: LLMError, health: Health) -> None:
    for _ in range(FAILURES - 1):
        health.circuit.failed(0)
    with pytest.raises(type(error)):
        await ask(Down(error), health)
    health.circuit.failed(0)
    assert not health.circuit.open


async def test_a_question_that_was_given_up_says_nothing(health: Health) -> None:
    for _ in range(FAILURES - 1):
        health.circuit.failed(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await retry.trying(lambda: asyncio.sleep(5), asyncio.get_running_loop().time() + 5, health)
    assert not health.circuit.open
    health.circuit.failed(0)
    assert health.circuit.open


def test_a_changed_secret_gives_a_connection_a_new_chance() -> None:
    healths = Healths(["llm"])
    old = OpenAIConnection("k", base_url="http://wrong", name="llm")
    for _ in range(FAILURES):
        healths.of(old).circuit.failed(0)
    assert healths.of(OpenAIConnection("k", base_url="http://wrong", name="llm")).circuit.open
    assert not healths.of(OpenAIConnection("k", base_url="http://right", name="llm")).circuit.open


def test_connections_of_a_flows_own_code_are_known_by_host_and_forgotten_in_the_end() -> None:
    healths = Healths([])
    for number in range(KEPT + 5):
        healths.of(OpenAIConnection("k", base_url=f"http://host-{number}/v1"))
    assert len(list(healths)) == KEPT
    assert {health.name for health in healths} == {f"host-{number}" for number in range(5, KEPT + 5)}


NOW = 1_800_000_000.0
WAITS: dict[str, tuple[dict[str, str], float | None]] = {
    "seconds": ({"retry-after": "7"}, 7.0),
    "parts of a second": ({"retry-after": "0.5"}, 0.5),
    "Azure's milliseconds": ({"retry-after": "1", "retry-after-ms": "250"}, 0.25),
    "a date": ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
    "a date of the past": ({"retry-after": "Fri, 15 Jan 2021 08:00:30 GMT"}, 0.0),
    "less than nothing": ({"retry-after": "-3"}, 0.0),
    "for ever": ({"retry-after": "inf"}, LONGEST_WAIT),
    "no number": ({"retry-after": "nan"}, None),
    "a word": ({"retry-after": "later"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "wait"), WAITS.values(), ids=WAITS)
def test_a_server_says_how_long_it_wants_to_be_left_alone(
    headers: dict[str, str], wait: float | None
) -> None:
    assert asked_wait(headers, NOW) == wait


@QUICK
@given(st.text(max_size=40))
def test_no_text_of_retry_after_is_an_error(text: str) -> None:
    wait = asked_wait({"retry-after": text}, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
