"""The seam to the judge: what it is asked, what it replies, how it can fail. No transport in here.

JudgeError                something came back that is no reply; `type` says what, in one lower-case word
├── TemporaryJudgeError   worth another try: 408, 409, 429, 5xx, no connection, time-out
├── RejectedError         this request is not accepted; another one may be
└── JudgeStopError        no request will be accepted: the run ends, `problem` says why
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flow_runtime.contracts.record import TokenCount
from flow_runtime.evaluator.material import Message


@dataclass(frozen=True)
class Reply:
    """What a judge said; `finish` is OpenAI's finish_reason."""

    text: str
    finish: str = "stop"
    refusal: str = ""
    model: str = ""
    tokens: TokenCount = field(default_factory=TokenCount)


class JudgeError(Exception):
    """Base of all. The text is one clean line without a secret."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_


class TemporaryJudgeError(JudgeError):
    """Worth another try, not before `retry_after` seconds where the judge asked for them."""

    def __init__(self, type_: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(type_, message)
        self.retry_after = retry_after


class RejectedError(JudgeError):
    """This request would fail again."""


class JudgeStopError(JudgeError):
    """Every request would fail: wrong key, no credit, no such model. `problem` is RunSummary's word."""

    def __init__(self, type_: str, message: str, problem: str) -> None:
        super().__init__(type_, message)
        self.problem = problem


class JudgeProvider(Protocol):
    """A judge."""

    @property
    def model(self) -> str:
        """The model that is asked for."""

    async def ask(self, messages: Sequence[Message]) -> Reply:
        """Answer one request, once. Raises JudgeError."""

    async def close(self) -> None:
        """Let go of connections."""


class FunctionJudge:
    """A Python function as the judge: for tests and trials without a server. It may raise JudgeError."""

    def __init__(self, answer: Callable[[Sequence[Message]], Reply], model: str = "function") -> None:
        self._answer = answer
        self.model = model
        self.calls = 0
        """How often it was asked."""

    async def ask(self, messages: Sequence[Message]) -> Reply:
        """Answer by the function."""
        self.calls += 1
        return self._answer(messages)

    async def close(self) -> None:
        """Nothing to let go of."""
