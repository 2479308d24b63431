"""Evaluator to store: `judgements.jsonl.gz` holds one `Judgement` a line."""

from enum import StrEnum

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.record import TokenCount


class Outcome(StrEnum):
    """What became of one record x one metric."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """The judge gave no usable answer: coverage, never a score."""
    NOT_EVALUABLE = "not_evaluable"
    """The record lacks what the metric needs."""
    SKIPPED = "skipped"
    """The run ended before it was judged."""


class Quote(Contract):
    """A passage the judge rests on, and whether it really stands in the material."""

    text: str
    where: str
    """QUESTION, ANSWER or CONTEXT: where it was found, or where the judge said it was."""
    found: bool


class JudgeIdentity(Contract):
    """Who judged, by which rubric: equal identities make judgements comparable."""

    model: str
    """The model that was asked for."""
    response_model: str = ""
    """The model that says it answered."""
    rubric: str
    """First 12 hex digits of the SHA-256 of the whole instruction."""


class JudgementError(Contract):
    """Why there is no score: a type such as out_of_range, refused, timeout, and words."""

    type: str
    message: str


class Judgement(Contract):
    """One record x one metric."""

    record_id: str
    metric: str
    outcome: Outcome
    score: int | None = None
    """1 to 5; None unless the judge gave one."""
    row_threshold: int
    """The score from which a row passes."""
    reason: str = ""
    quotes: tuple[Quote, ...] = ()
    judge: JudgeIdentity | None = None
    """None when the judge was not asked."""
    attempts: int = 0
    tokens: TokenCount = TokenCount()
    ms: float = 0.0
    error: JudgementError | None = None
