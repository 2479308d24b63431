"""Whether a figure grows: the line through it by least squares, and how sure that is. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
MINUTE = 60.0


@dataclass(frozen=True)
class Trend:
    """A figure over time; slopes in units of the figure per hour."""

    first_third: float
    last_third: float
    most: float
    slope: float
    margin: float
    """The slope's confidence interval reaches so far to both sides."""

    @property
    def grows(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.slope - self.margin > 0


def trend(times: Sequence[float], values: Sequence[float]) -> Trend:
    """Fit the line through the medians of minutes; times in seconds. Raises ValueError under 4 minutes.

    Looks that follow each other within seconds are much alike (a buffer fills and is emptied), so that each
    by itself would count for more than it tells; minutes hardly are.
    """
    minutes: dict[int, list[float]] = {}
    for time, value in zip(times, values, strict=True):
        minutes.setdefault(int((time - times[0]) / MINUTE), []).append(value)
    if len(minutes) < 4:
        raise ValueError("a trend needs at least 4 minutes")
    x = [(minute + 0.5) / 60 for minute in minutes]
    y = [statistics.median(each) for each in minutes.values()]
    line = statistics.linear_regression(x, y)
    rest = math.fsum((b - line.intercept - line.slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = math.fsum((a - statistics.fmean(x)) ** 2 for a in x)
    error = math.sqrt(rest / (len(x) - 2) / spread)
    third = max(1, len(y) // 3)
    return Trend(
        statistics.median(y[:third]),
        statistics.median(y[-third:]),
        max(values),
        line.slope,
        _student(CONFIDENCE, len(x) - 2) * error,
    )


def _student(confidence: float, freedom: int) -> float:
    """Two-sided quantile of Student's t (Abramowitz and Stegun, 26.7.5; within 1 % from 3 degrees on)."""
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
