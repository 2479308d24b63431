"""How code of a user reaches the LLM from where it runs: a tool's thread, a coroutine, a thread of its own.

Whoever calls user code says so by `enter`; whatever the code calls of ours finds services and deadline here.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.shim.exceptions import UserErrorException
from flow_runtime.llm.call import Call
from flow_runtime.llm.errors import LLMError

STRAY_SECONDS = 300.0
"""The deadline of calls from threads that the user's code started, whose request is not known."""
T = TypeVar("T")


@dataclass(slots=True)
class Ambient:
    """What user code may use: `deadline` is in `loop`'s time, `calls` are the accounts of its request."""

    services: Services
    loop: asyncio.AbstractEventLoop
    node: str
    deadline: float
    calls: list[Call] = field(default_factory=list)
    task: asyncio.Task[Any] | None = None
    """What waits for the user's code: when it ends, nobody wants the code's calls any more."""


_CURRENT: ContextVar[Ambient | None] = ContextVar("flow_ambient", default=None)
_last: Ambient | None = None


def enter(run: Run, node: str) -> None:
    """Say that user code of a node is about to be called, here or in a thread that copies this context."""
    global _last
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    _last = Ambient(run.services, loop, node, run.deadline, run.calls, task)
    _CURRENT.set(_last)


@contextmanager
def counted(here: Ambient) -> Iterator[Call]:
    """Open the account of one call of an LLM in the request's record, and close it with its time."""
    call = Call(here.node)
    here.calls.append(call)
    begun = time.perf_counter()
    try:
        yield call
    finally:
        call.ms = (time.perf_counter() - begun) * 1000


def current() -> Ambient:
    """Find what this code may use. Raises UserErrorException where no flow is running."""
    found = _CURRENT.get()
    if found is not None:
        return found
    if _last is None:
        raise UserErrorException("an LLM can be asked while a flow runs, not while its files are imported")
    return Ambient(_last.services, _last.loop, _last.node, _last.loop.time() + STRAY_SECONDS)


def wait(make: Callable[[Ambient], Awaitable[T]]) -> T:
    """Run a coroutine of `make` to its end from synchronous code and return what it returns."""
    ambient = current()
    if not _on_a_loop():
        return _wait_on(ambient, make)
    # Synchronous code on a loop holds that loop up, as it does with promptflow; the call needs another one.
    helper = _helper()
    left = ambient.deadline - ambient.loop.time()
    return _wait_on(
        Ambient(ambient.services, helper, ambient.node, helper.time() + left, ambient.calls), make
    )


def iterate(make: Callable[[Ambient], AsyncIterator[T]]) -> Iterator[T]:
    """Yield from synchronous code what an asynchronous iterator of `make` yields."""
    ambient = current()
    if _on_a_loop():
        helper = _helper()
        left = ambient.deadline - ambient.loop.time()
        ambient = Ambient(ambient.services, helper, ambient.node, helper.time() + left, ambient.calls)
    source = make(ambient)

    async def following(_: Ambient) -> tuple[T, ...]:
        async for item in source:
            return (item,)
        return ()

    while items := _wait_on(ambient, following):
        yield items[0]


def _wait_on(ambient: Ambient, make: Callable[[Ambient], Awaitable[T]]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout_at(ambient.deadline), _while_wanted(ambient.task):
            return await make(ambient)

    return asyncio.run_coroutine_threadsafe(bounded(), ambient.loop).result()


@asynccontextmanager
async def _while_wanted(wanting: asyncio.Task[Any] | None) -> AsyncIterator[None]:
    """Cancel what is done here when the task that wants it ends before: its client has gone."""
    here = asyncio.current_task()
    if wanting is None or wanting.done() or here is None:
        yield
        return

    def cancel(_: asyncio.Task[Any]) -> None:
        here.cancel()

    wanting.add_done_callback(cancel)
    try:
        yield
    finally:
        wanting.remove_done_callback(cancel)


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []


def _helper() -> asyncio.AbstractEventLoop:
    """A loop in a daemon thread of its own, made when first needed."""
    with _lock:
        if not _loops:
            loop: Any = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="helper-loop", daemon=True).start()
            _loops.append(loop)
        return _loops[0]


def llm_cause(error: BaseException) -> LLMError | None:
    """Find the LLM's failure that an exception of user code comes from, if it comes from one."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, LLMError):
            return link
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return None
