"""The account of one step of a run: begun, how long it took, how it ended. For calls and for streams."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

from flow_runtime.flow.run import Run, Step

T = TypeVar("T")


async def timed(run: Run, node: str, work: Awaitable[T]) -> T:
    """Await the work of a node; what is begun and not done stays in `run.unfinished`."""
    begun = run.unfinished[node] = time.perf_counter()
    status = "failed"
    try:
        result = await work
        status = "completed"
        del run.unfinished[node]
        return result
    except asyncio.CancelledError:
        status = "canceled"
        raise
    finally:
        run.steps.append(Step(node, time.perf_counter() - begun, status))


async def watched(run: Run, node: str, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Pass chunks on, and account for the node as one that runs until they end."""
    run.steps[:] = [step for step in run.steps if step.node != node]
    begun = run.unfinished[node] = time.perf_counter()
    status = "failed"
    try:
        async for chunk in source:
            yield chunk
        status = "completed"
        del run.unfinished[node]
    except (asyncio.CancelledError, GeneratorExit):
        status = "canceled"
        raise
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
        run.steps.append(Step(node, time.perf_counter() - begun, status))
