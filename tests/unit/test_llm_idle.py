"""Connections that wait for the next request: the last one first, none for long, none that is closed."""

from flow_runtime.llm.http1 import Connection
from flow_runtime.llm.idle import IDLE_SECONDS, Idle
from tests.unit.llm_line import Line

LLM, OTHER = ("llm", 443, True, None), ("other", 80, False, None)


def connection() -> tuple[Connection, Line]:
    made, line = Connection(lambda _: None), Line()
    made.connection_made(line)
    return made, line


def test_the_last_one_is_taken_first_and_only_for_its_own_host() -> None:
    idle, (first, _), (last, _) = Idle(), connection(), connection()
    idle.put(LLM, first, 1.0)
    idle.put(LLM, last, 2.0)
    assert idle.take(OTHER, 2.0) is None
    assert [idle.take(LLM, 2.0) for _ in range(3)] == [last, first, None]


def test_what_was_closed_or_waits_too_long_is_not_taken() -> None:
    idle, (old, old_line), (closed, closed_line) = Idle(), connection(), connection()
    idle.put(LLM, old, 1.0)
    idle.put(LLM, closed, 5.0)
    closed_line.closing = True
    assert idle.take(LLM, 1.1 + IDLE_SECONDS) is None
    assert old_line.closing


def test_a_sweep_closes_what_nobody_asks_any_more_and_says_whether_any_wait() -> None:
    idle, (old, old_line), (closed, closed_line), (new, new_line) = (
        Idle(),
        connection(),
        connection(),
        connection(),
    )
    idle.put(LLM, old, 0.0)
    idle.put(OTHER, closed, 10.0)
    idle.put(LLM, new, 10.0)
    closed_line.closing = True
    assert idle.sweep(IDLE_SECONDS + 1)
    assert (old_line.closing, new_line.closing) == (True, False)
    assert idle.take(LLM, IDLE_SECONDS + 1) is new
    assert not idle.sweep(IDLE_SECONDS + 1)
