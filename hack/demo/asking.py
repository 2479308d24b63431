"""Ask the served flow over HTTP, a few at a time, each with a deadline. No retries: what fails is counted."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

AT_ONCE, AT_ONCE_SLOW = 8, 4
"""Requests under way; fewer for a model on this machine."""
REQUEST_SECONDS = 120


@dataclass(frozen=True)
class Answered:
    """How one request ended. Status 0: no HTTP answer at all."""

    status: int
    seconds: float
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the flow answered."""
        return self.status == 200


async def ask_all(
    url: str, questions: Sequence[dict[str, Any]], progress: Callable[[int], None], at_once: int
) -> list[Answered]:
    """POST every question, `at_once` at a time; one result each, in their order."""
    gate = asyncio.Semaphore(at_once)
    done = 0

    async def ask(session: aiohttp.ClientSession, question: dict[str, Any]) -> Answered:
        nonlocal done
        async with gate:
            result = await _post(session, url, question)
        done += 1
        progress(done)
        return result

    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return list(await asyncio.gather(*(ask(session, q) for q in questions)))


async def _post(session: aiohttp.ClientSession, url: str, question: dict[str, Any]) -> Answered:
    started = time.monotonic()
    try:
        async with session.post(url, json=question) as response:
            text = await response.text()
            return Answered(response.status, time.monotonic() - started, "" if response.ok else text[:300])
    except (aiohttp.ClientError, TimeoutError) as error:
        return Answered(0, time.monotonic() - started, str(error) or type(error).__name__)


def told(results: Sequence[Answered]) -> str:
    """One line about all of them: "60 answered, median 12 ms, slowest 80 ms"."""
    times = sorted(r.seconds for r in results if r.ok)
    failed = [r for r in results if not r.ok]
    text = f"{len(times)} answered"
    if times:
        text += f", median {_span(times[len(times) // 2])}, slowest {_span(times[-1])}"
    if failed:
        text += f"; {len(failed)} failed, the first with {failed[0].status}: {failed[0].detail}"
    return text


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
