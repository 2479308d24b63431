"""The work queue, on a clock that the test turns."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from flow_operator.queue import WorkQueue


@dataclass
class Call:
    due: float
    callback: Callable[..., object]
    args: tuple[object, ...]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def when(self) -> float:
        return self.due


@dataclass
class Clock:
    """Time that stands still until it is turned."""

    now: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., object], /, *args: object) -> Call:
        self.calls.append(Call(self.now + delay, callback, args))
        return self.calls[-1]

    def turn(self, seconds: float) -> None:
        self.now += seconds
        due = [call for call in self.calls if call.due <= self.now]
        self.calls = [call for call in self.calls if call.due > self.now]
        for call in sorted(due, key=Call.when):
            if not call.cancelled:
                call.callback(*call.args)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock)


async def take(queue: WorkQueue[str]) -> str:
    return await asyncio.wait_for(queue.get(), 1)


async def empty(queue: WorkQueue[str]) -> bool:
    waiter = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    done = waiter.done()
    waiter.cancel()
    return not done


async def test_a_key_that_is_added_twice_is_worked_on_once(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("a")
    assert await take(queue) == "a"
    queue.done("a")
    assert await empty(queue)


async def test_keys_come_in_the_order_in_which_they_were_added(queue: WorkQueue[str]) -> None:
    for key in ("b", "a", "c"):
        queue.add(key)
    assert [await take(queue) for _ in range(3)] == ["b", "a", "c"]


async def test_a_key_is_never_worked_on_by_two_at_once(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await take(queue)
    queue.add("a")
    assert await empty(queue)
    queue.done("a")
    assert await take(queue) == "a"


async def test_a_waiting_worker_is_woken(queue: WorkQueue[str]) -> None:
    waiter = asyncio.create_task(take(queue))
    await asyncio.sleep(0)
    queue.add("a")
    assert await waiter == "a"


async def test_failures_double_the_delay_up_to_five_minutes(queue: WorkQueue[str], clock: Clock) -> None:
    delays = []
    for _ in range(11):
        delays.append(queue.retry("a"))
        clock.turn(delays[-1])
        await take(queue)
        queue.done("a")
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_success_makes_the_next_delay_short_again(queue: WorkQueue[str]) -> None:
    queue.retry("a")
    queue.retry("a")
    queue.succeeded("a")
    assert queue.retry("a") == 1


async def test_one_keys_failures_do_not_delay_another(queue: WorkQueue[str]) -> None:
    for _ in range(5):
        queue.retry("a")
    assert queue.retry("b") == 1


async def test_a_delayed_key_comes_when_it_is_due(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_later("a", 5)
    clock.turn(4.9)
    assert await empty(queue)
    clock.turn(0.2)
    assert await take(queue) == "a"


async def test_the_earlier_of_two_delays_counts(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_later("a", 60)
    queue.add_later("a", 2)
    queue.add_later("a", 30)
    clock.turn(2)
    assert await take(queue) == "a"
    queue.done("a")
    clock.turn(100)
    assert await empty(queue)


async def test_asking_now_takes_back_what_was_asked_for_later(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_later("a", 5)
    queue.add("a")
    await take(queue)
    queue.done("a")
    clock.turn(10)
    assert await empty(queue)
