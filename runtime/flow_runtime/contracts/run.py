"""Evaluator to operator: the summary of a run, sent as the container's termination message."""

from datetime import datetime
from enum import StrEnum

from flow_runtime.contracts.base import Contract


class Verdict(StrEnum):
    """What an interval of the pass rate says about the threshold."""

    PASS = "Pass"  # noqa: S105 - a verdict, not a password
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


class MetricSummary(Contract):
    """One metric of a run. Rates are fractions of 1, None when nothing was judged (never 0)."""

    name: str
    verdict: Verdict
    reason: str
    """CamelCase: why this verdict, for example TooFewSamples."""
    pass_rate: float | None
    low: float | None
    high: float | None
    passed: int
    failed: int
    errors: int
    not_evaluable: int
    skipped: int
    row_threshold: int
    pass_rate_percent: int


class RunSummary(Contract):
    """The end of a run in at most 4 KiB of JSON. `problem` is set when the run could not be made."""

    run: str
    window_start: datetime
    window_end: datetime
    started: datetime
    finished: datetime
    records: int
    """Records in the window."""
    sampled: int
    """Distinct records that were drawn for judging."""
    missing_segments: int = 0
    """Segments of records of the window's hours that were lost before they were stored."""
    url: str
    """Where the report lies in the store."""
    metrics: tuple[MetricSummary, ...] = ()
    judge_healthy: bool | None = None
    """None when the judge was never asked."""
    judge_message: str = ""
    problem: str = ""
    """CamelCase: StoreUnreachable, NoRecords, MappingInvalid, JudgeUnauthorized, ..."""
    message: str = ""
