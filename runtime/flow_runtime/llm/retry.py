"""When an LLM is asked, and when again: within the deadline, the connection's budget and its circuit."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flow_runtime.llm.circuit import FAILURES
from flow_runtime.llm.errors import CircuitOpen, LLMError, TemporaryLLMError, Unavailable
from flow_runtime.llm.health import Health

MAX_TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
LEAST_SECONDS = 0.25
"""A try that the deadline would cut off tells less than the failure before it."""

_T = TypeVar("_T")


async def trying(attempt: Callable[[], Awaitable[_T]], deadline: float, health: Health) -> _T:
    """Ask, and ask again what fails for a time. `deadline` is in the running loop's time. Raises LLMError."""
    circuit, now = health.circuit, time.monotonic()
    if wait := circuit.wait(now):
        raise CircuitOpen(
            f"the LLM of connection '{health.name}' was down for {FAILURES} requests in a row or more: "
            f"it is asked again in {math.ceil(wait)} s",
            wait,
        )
    health.budget.deposit(now)
    try:
        answer = await _within(attempt, deadline, health)
    except Unavailable:
        circuit.failed(time.monotonic())
        raise
    except LLMError:
        circuit.answered()
        raise
    circuit.answered()
    return answer


async def _within(attempt: Callable[[], Awaitable[_T]], deadline: float, health: Health) -> _T:
    """Repeat, with pauses, as often as it may and as long as the deadline allows."""
    loop, tried = asyncio.get_running_loop(), 1
    while True:
        try:
            return await attempt()
        except TemporaryLLMError as error:
            pause = _pause(tried, error.retry_after)
            if tried == MAX_TRIES or loop.time() + pause + LEAST_SECONDS >= deadline or health.circuit.open:
                raise
            if not health.budget.withdraw(time.monotonic()):
                raise
        tried += 1
        await asyncio.sleep(pause)


def _pause(tried: int, retry_after: float | None) -> float:
    """Wait what the server asks for, else longer each time; the jitter keeps replicas apart."""
    if retry_after is not None:
        return retry_after * random.uniform(1.0, 1.1)
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.5)
