"""Conditions: every known type from the first visit; the transition time moves only when the status does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flow_operator.api.common import Condition
from flow_operator.status.text import clean

MESSAGE_LIMIT = 1024


@dataclass(frozen=True)
class Breach:
    """Why something is not as it should be: a CamelCase word for programs, a sentence for people."""

    reason: str
    message: str


@dataclass(frozen=True)
class Finding:
    """What was found about one condition."""

    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str


def true(reason: str, message: str) -> Finding:
    """It is so."""
    return Finding("True", reason, message)


def false(breach: Breach) -> Finding:
    """It is not so, and why."""
    return Finding("False", breach.reason, breach.message)


def unknown(reason: str, message: str) -> Finding:
    """There is no evidence either way."""
    return Finding("Unknown", reason, message)


NOT_SEEN = unknown("NotObserved", "nothing is known about this yet")


def conditions_of(
    types: Sequence[str],
    findings: Mapping[str, Finding],
    previous: Sequence[Condition],
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    """All conditions in their order; a type without a finding keeps what was said before."""
    before = {condition.type: condition for condition in previous}
    made = []
    for kind in types:
        old = before.get(kind)
        if kind not in findings and old is not None:
            made.append(old)
            continue
        finding = findings.get(kind, NOT_SEEN)
        since = old.last_transition_time if old and old.status == finding.status else now
        made.append(
            Condition(
                type=kind,
                status=finding.status,
                reason=finding.reason,
                message=clean(finding.message, MESSAGE_LIMIT),
                last_transition_time=since,
                observed_generation=generation,
            )
        )
    return tuple(made)
