"""When to try an LLM again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flow_runtime.llm.errors import TemporaryLLMError

MAX_TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0

_T = TypeVar("_T")


async def trying(attempt: Callable[[], Awaitable[_T]], deadline: float) -> _T:
    """Repeat what fails for a time, with pauses, as often as it may and as long as the deadline allows."""
    now = asyncio.get_running_loop().time
    tried = 1
    while True:
        try:
            return await attempt()
        except TemporaryLLMError as error:
            pause = _pause(tried, error.retry_after)
            if tried == MAX_TRIES or now() + pause >= deadline:
                raise
        tried += 1
        await asyncio.sleep(pause)


def _pause(tried: int, retry_after: float | None) -> float:
    """Wait what the server asks for, else longer each time; the jitter keeps replicas apart."""
    if retry_after is not None:
        return retry_after
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.5)
