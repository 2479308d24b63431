"""Decides what a run may claim about one metric. Pure.

Wilson score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
JASA 22 (1927) 209-212; recommended for small n by L. D. Brown, T. T. Cai and A. DasGupta, "Interval
estimation for a binomial proportion", Statistical Science 16 (2001) 101-133.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from flow_runtime.contracts.run import Verdict
from flow_runtime.contracts.settings import VerdictSettings


@dataclass(frozen=True)
class Tally:
    """Outcomes of one metric over the distinct records of a run."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    not_evaluable: int = 0
    skipped: int = 0

    @property
    def judged(self) -> int:
        """The n of the pass rate."""
        return self.passed + self.failed

    @property
    def sampled(self) -> int:
        """All of them."""
        return self.judged + self.errors + self.not_evaluable + self.skipped

    @property
    def pass_rate(self) -> float | None:
        """Passed of judged; None when nothing was judged."""
        return self.passed / self.judged if self.judged else None

    @property
    def coverage(self) -> float | None:
        """Judged of what the judge was asked for: what a broken judge lowers."""
        asked = self.judged + self.errors
        return self.judged / asked if asked else None

    @property
    def evaluable_share(self) -> float | None:
        """What is not `not_evaluable`: what a wrong mapping lowers."""
        return 1 - self.not_evaluable / self.sampled if self.sampled else None


@dataclass(frozen=True)
class Interval:
    """A range of fractions, both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class Decision:
    """The verdict of one metric, why, and what it rests on. None: nothing was judged."""

    verdict: Verdict
    reason: str
    interval: Interval | None
    if_errors_failed: float | None
    """The pass rate had every error been a fail."""
    if_errors_passed: float | None
    """The pass rate had every error been a pass."""


def wilson(passed: int, judged: int, confidence_percent: int) -> Interval:
    """Wilson score interval, two-sided. ValueError unless 0 <= passed <= judged > 0 and 0 < percent < 100."""
    if not 0 <= passed <= judged or judged == 0:
        raise ValueError(f"{passed} of {judged} is not a share")
    if not 0 < confidence_percent < 100:
        raise ValueError(f"a confidence of {confidence_percent} % is not between 0 and 100")
    z = NormalDist().inv_cdf(0.5 + confidence_percent / 200)
    rate = passed / judged
    centre = rate + z * z / (2 * judged)
    margin = z * sqrt(rate * (1 - rate) / judged + z * z / (4 * judged * judged))
    scale = 1 + z * z / judged
    # At the ends the bound is exactly 0 or 1; floating point would miss it by a hair.
    low = 0.0 if passed == 0 else max(0.0, (centre - margin) / scale)
    high = 1.0 if passed == judged else min(1.0, (centre + margin) / scale)
    return Interval(low, high)


def decide(
    tally: Tally, pass_rate_percent: int, settings: VerdictSettings, *, judge_healthy: bool | None
) -> Decision:
    """Compare the interval of the pass rate with the threshold, if the run may claim anything at all."""
    interval = wilson(tally.passed, tally.judged, settings.confidence_percent) if tally.judged else None
    asked = tally.judged + tally.errors
    verdict, reason = Verdict.INCONCLUSIVE, _doubt(tally, settings, judge_healthy)
    if not reason:
        verdict, reason = _compare(interval, pass_rate_percent / 100)
    return Decision(
        verdict,
        reason,
        interval,
        if_errors_failed=tally.passed / asked if asked else None,
        if_errors_passed=(tally.passed + tally.errors) / asked if asked else None,
    )


def _doubt(tally: Tally, settings: VerdictSettings, judge_healthy: bool | None) -> str:
    """Name the first reason, deepest cause first, why no rate of this run can be trusted; empty if none."""
    evaluable, coverage = tally.evaluable_share, tally.coverage
    if judge_healthy is False:
        return "JudgeUnhealthy"
    if evaluable is not None and evaluable * 100 < settings.min_evaluable_percent:
        return "TooFewEvaluable"
    if coverage is not None and coverage * 100 < settings.min_coverage_percent:
        return "LowCoverage"
    if tally.judged < settings.min_samples or not tally.judged:
        return "TooFewSamples"
    return ""


def _compare(interval: Interval | None, threshold: float) -> tuple[Verdict, str]:
    if interval is None:
        return Verdict.INCONCLUSIVE, "TooFewSamples"
    if interval.high < threshold:
        return Verdict.FAIL, "BelowThreshold"
    if interval.low >= threshold:
        return Verdict.PASS, "AboveThreshold"
    return Verdict.INCONCLUSIVE, "ThresholdInsideInterval"
