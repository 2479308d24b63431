"""Whether an LLM is asked at all: after questions in a row that found it down, only a probe goes through.

The method is the circuit breaker (Nygard, Release It!, 2007), counting consecutive failures as Envoy's and
Finagle's do, but of whole questions, each after its retries. Pure: the clock is an argument.

Closed: every question is asked. Open, after FAILURES questions in a row that ended Unavailable: every
PROBE_SECONDS one question is asked, without retries, and the others fail at once. Any answer closes it, a
400, 401 or 429 as well: who answers is not down. A question that was given up (its deadline was over, its
client had gone) says nothing about the LLM, which may have been thinking.
"""

FAILURES = 10
PROBE_SECONDS = 5.0


class Circuit:
    """The circuit of one connection; `now` is in seconds of a clock that never goes back."""

    __slots__ = ("_failures", "_probe")

    def __init__(self) -> None:
        self._failures = 0
        self._probe = 0.0
        """When the next question may be asked, while it is open."""

    @property
    def open(self) -> bool:
        """Whether questions fail at once."""
        return self._failures >= FAILURES

    def wait(self, now: float) -> float:
        """Give 0 where a question may be asked (if open, as the probe), else the seconds until one may."""
        if not self.open:
            return 0.0
        if now < self._probe:
            return self._probe - now
        self._probe = now + PROBE_SECONDS
        return 0.0

    def answered(self) -> None:
        """Note that the LLM answered, whatever it said."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Note that a question found no LLM; those that were under way when it opened put no probe off."""
        self._failures += 1
        if self._failures == FAILURES:
            self._probe = now + PROBE_SECONDS
