"""The verdict: the interval against exact binomial probabilities, and what holds it at Inconclusive."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.run import Verdict
from flow_runtime.contracts.settings import VerdictSettings
from flow_runtime.evaluator.verdict import Tally, decide, wilson

RULES = VerdictSettings()
COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def binomial(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


def probability_of(verdict: Verdict, n: int, true_rate: float, threshold: int) -> float:
    """Exact: summed over every possible run of n rows."""
    return sum(
        binomial(passed, n, true_rate)
        for passed in range(n + 1)
        if decide(Tally(passed, n - passed), threshold, RULES, judge_healthy=True).verdict is verdict
    )


@pytest.mark.parametrize(
    ("passed", "judged", "low", "high"),
    [  # Wilson intervals at 95 % as printed in textbooks and by R's binom.confint(method = "wilson")
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (81, 263, 0.2553, 0.3662),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_is_wilsons(passed: int, judged: int, low: float, high: float) -> None:
    interval = wilson(passed, judged, 95)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(COUNTS, st.integers(50, 99))
def test_the_interval_lies_in_0_to_1_around_the_rate(counts: tuple[int, int], percent: int) -> None:
    passed, judged = counts
    interval = wilson(passed, judged, percent)
    assert 0 <= interval.low <= passed / judged <= interval.high <= 1


@given(COUNTS)
def test_counting_fails_instead_of_passes_mirrors_the_interval(counts: tuple[int, int]) -> None:
    passed, judged = counts
    one, other = wilson(passed, judged, 95), wilson(judged - passed, judged, 95)
    assert one.low == pytest.approx(1 - other.high, abs=1e-12)


@given(COUNTS)
def test_one_pass_more_moves_the_interval_up(counts: tuple[int, int]) -> None:
    passed, judged = counts
    if passed < judged:
        assert wilson(passed, judged, 95).low < wilson(passed + 1, judged, 95).low
        assert wilson(passed, judged, 95).high <= wilson(passed + 1, judged, 95).high


@given(COUNTS)
def test_more_confidence_needs_a_wider_interval(counts: tuple[int, int]) -> None:
    narrow, wide = wilson(*counts, 80), wilson(*counts, 99)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@pytest.mark.parametrize(
    ("passed", "judged", "percent"), [(1, 0, 95), (2, 1, 95), (-1, 3, 95), (1, 2, 0), (1, 2, 100)]
)
def test_what_is_no_share_is_refused(passed: int, judged: int, percent: int) -> None:
    with pytest.raises(ValueError, match="not"):
        wilson(passed, judged, percent)


@pytest.mark.parametrize("n", [30, 50, 100, 200])
@pytest.mark.parametrize("true_rate", [0.2, 0.5, 0.7, 0.8, 0.9])
def test_the_interval_holds_the_true_rate_about_as_often_as_it_says(n: int, true_rate: float) -> None:
    held = sum(
        binomial(passed, n, true_rate)
        for passed in range(n + 1)
        if wilson(passed, n, 95).low <= true_rate <= wilson(passed, n, 95).high
    )
    assert 0.92 <= held <= 0.99


@pytest.mark.parametrize("n", [30, 60, 120, 200])
@pytest.mark.parametrize("threshold", [70, 80, 90])
def test_a_flow_that_is_just_good_enough_is_rarely_failed(n: int, threshold: int) -> None:
    assert probability_of(Verdict.FAIL, n, threshold / 100, threshold) <= 0.045


@pytest.mark.parametrize("n", [30, 60, 120, 200])
def test_a_flow_that_is_just_not_good_enough_is_rarely_passed(n: int) -> None:
    assert probability_of(Verdict.PASS, n, 0.6999, 70) <= 0.035


def test_where_the_naive_rule_alarms_in_one_of_twelve_runs_this_one_never_does() -> None:
    naive = sum(binomial(passed, 20, 0.8) for passed in range(21) if passed / 20 < 0.7)
    assert naive == pytest.approx(0.0867, abs=0.0001)
    assert probability_of(Verdict.FAIL, 20, 0.8, 70) == 0
    assert probability_of(Verdict.FAIL, 200, 0.8, 70) < 1e-6


def test_a_flow_that_is_clearly_bad_is_found_out() -> None:
    assert probability_of(Verdict.FAIL, 60, 0.45, 70) > 0.95


@pytest.mark.parametrize(
    ("tally", "healthy", "verdict", "reason"),
    [
        (Tally(190, 10), True, Verdict.PASS, "AboveThreshold"),
        (Tally(10, 190), True, Verdict.FAIL, "BelowThreshold"),
        (Tally(35, 15), True, Verdict.INCONCLUSIVE, "ThresholdInsideInterval"),
        (Tally(2, 0), True, Verdict.INCONCLUSIVE, "TooFewSamples"),
        (Tally(0, 2), True, Verdict.INCONCLUSIVE, "TooFewSamples"),
        (Tally(29, 0), True, Verdict.INCONCLUSIVE, "TooFewSamples"),
        (Tally(), True, Verdict.INCONCLUSIVE, "TooFewSamples"),
        (Tally(190, 0, errors=30), True, Verdict.INCONCLUSIVE, "LowCoverage"),
        (Tally(0, 0, errors=30), True, Verdict.INCONCLUSIVE, "LowCoverage"),
        (Tally(150, 0, not_evaluable=50), True, Verdict.INCONCLUSIVE, "TooFewEvaluable"),
        (Tally(0, 0, not_evaluable=50), True, Verdict.INCONCLUSIVE, "TooFewEvaluable"),
        (Tally(190, 10), False, Verdict.INCONCLUSIVE, "JudgeUnhealthy"),
        (Tally(10, 190), False, Verdict.INCONCLUSIVE, "JudgeUnhealthy"),
        (Tally(190, 10), None, Verdict.PASS, "AboveThreshold"),
        (Tally(190, 10, skipped=500), True, Verdict.PASS, "AboveThreshold"),
    ],
)
def test_a_verdict_and_its_reason(tally: Tally, healthy: bool | None, verdict: Verdict, reason: str) -> None:
    decision = decide(tally, 70, RULES, judge_healthy=healthy)
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_a_lower_bound_exactly_at_the_threshold_passes() -> None:
    rules = VerdictSettings(min_samples=1)
    assert decide(Tally(10, 0), 100, rules, judge_healthy=True).verdict is Verdict.INCONCLUSIVE
    assert decide(Tally(0, 10), 0, rules, judge_healthy=True).verdict is Verdict.PASS


def test_nothing_judged_is_unknown_and_never_zero() -> None:
    tally = Tally(errors=5)
    decision = decide(tally, 70, RULES, judge_healthy=True)
    assert tally.pass_rate is None
    assert decision.interval is None
    assert Tally().coverage is None
    assert Tally().evaluable_share is None


def test_errors_bound_what_the_rate_might_have_been() -> None:
    decision = decide(Tally(90, 5, errors=5), 70, RULES, judge_healthy=True)
    assert decision.if_errors_failed == pytest.approx(0.90)
    assert decision.if_errors_passed == pytest.approx(0.95)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_errors_never_change_the_pass_rate(passed: int, failed: int, errors: int) -> None:
    assert Tally(passed, failed, errors).pass_rate == Tally(passed, failed).pass_rate
