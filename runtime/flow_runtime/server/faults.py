"""From an exception to what the caller is told: status, code, message, node. Decided here only."""

import math
from dataclasses import dataclass, replace

from flow_runtime.flow.errors import FlowError, InputError, LLMNodeError, NodeError
from flow_runtime.flow.run import Run
from flow_runtime.flow.shim.exceptions import SystemErrorException
from flow_runtime.llm.errors import LLMError, TemporaryLLMError

USER, SYSTEM = "UserError", "SystemError"
CLIENT_GONE = 499
"""nginx's code for a request whose client did not wait: nobody gets it, metrics and records show it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request failed. `name` is the error's own, `code` one of promptflow's two: 4xx and 5xx."""

    status: int
    name: str
    message: str
    node: str | None = None
    retry_after: int | None = None

    @property
    def code(self) -> str:
        """promptflow's code."""
        return USER if self.status < 500 else SYSTEM


class RequestRefused(Exception):  # noqa: N818 - carries a Fault
    """A request that is answered with a fault before the flow runs."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class OutputNotSerializable(FlowError):  # noqa: N818 - as the others are named
    """The flow ran, and what it returned cannot be written as JSON."""


def refused(status: int, name: str, message: str) -> RequestRefused:
    """Make the refusal of a request."""
    return RequestRefused(Fault(status, name, message))


def fault_of(error: Exception, run: Run | None, seconds: float, strict: bool) -> Fault | None:
    """Say what an exception is to the caller; None for one that nobody has thought of.

    `strict`: whatever fails while a flow runs is the caller's 400, as promptflow has it, but for what a tool
    raises as promptflow's SystemErrorException.
    """
    fault = _honest(error, run, seconds)
    if fault is not None and strict and isinstance(error, FlowError | TimeoutError):
        own = isinstance(error.__cause__, SystemErrorException)
        return replace(fault, status=500 if own else 400, retry_after=None)
    return fault


def _honest(error: Exception, run: Run | None, seconds: float) -> Fault | None:
    match error:
        case RequestRefused():
            return error.fault
        case InputError():
            return Fault(400, error.name, str(error))
        case LLMNodeError():
            return _llm_fault(error)
        case NodeError():
            return Fault(500, error.name, str(error), error.node)
        case FlowError():
            return Fault(500, error.name, str(error))
        case TimeoutError():
            node = next(iter(run.unfinished), None) if run else None
            place = f" in node '{node}'" if node else ""
            return Fault(504, "DeadlineExceeded", f"the request's {seconds:g} s were over{place}", node)
        case RecursionError():
            return Fault(400, "InputTypeError", "the inputs are nested too deeply")
        case _:
            return None


def _llm_fault(error: LLMNodeError) -> Fault:
    cause = error.__cause__
    if not isinstance(cause, LLMError):
        return Fault(502, error.name, str(error), error.node)
    wait = cause.retry_after if isinstance(cause, TemporaryLLMError) else None
    retry_after = max(1, math.ceil(wait)) if wait is not None else None
    return Fault(cause.status, cause.name, str(error), error.node, retry_after)
