"""How many retries an LLM may be asked for: a share of the questions, and a few more for a quiet server.

The method is Finagle's RetryBudget (a leaky token bucket): each question deposits, each retry withdraws, both
expire after a while. Many clients of a server that is down then add a fifth to its load, not four times it;
a client that asks one thing after the other never meets the limit. Pure: the clock is an argument.
"""

WINDOW_SECONDS = 10
"""After this many seconds a deposit or a withdrawal counts no more."""
PER_RETRY = 5
"""Questions that pay for one retry: retries add at most a fifth."""
RESERVE = 20
"""Retries in each window that no question need pay for: two a second, more than one client's pauses allow."""


class RetryBudget:
    """The budget of one connection; `now` is in seconds of a clock that never goes back."""

    __slots__ = ("_net", "_second", "_slots", "refused")

    def __init__(self) -> None:
        self._slots = [0] * WINDOW_SECONDS
        """Deposits minus withdrawals of each second of the window."""
        self._net = 0
        self._second = 0
        self.refused = 0
        """Retries that were not granted."""

    def deposit(self, now: float) -> None:
        """Count one question."""
        self._expire(int(now))
        self._slots[self._second % WINDOW_SECONDS] += 1
        self._net += 1

    def withdraw(self, now: float) -> bool:
        """Say whether there may be one retry, and count it."""
        self._expire(int(now))
        if self._net + RESERVE * PER_RETRY < PER_RETRY:
            self.refused += 1
            return False
        self._slots[self._second % WINDOW_SECONDS] -= PER_RETRY
        self._net -= PER_RETRY
        return True

    def _expire(self, second: int) -> None:
        passed = second - self._second
        if passed <= 0:
            return
        for later in range(1, min(passed, WINDOW_SECONDS) + 1):
            slot = (self._second + later) % WINDOW_SECONDS
            self._net -= self._slots[slot]
            self._slots[slot] = 0
        self._second = second
