"""What came of retention: the summary in the termination message of its newest run.

The message comes from a pod, so it is data to be checked, never to be believed.
"""

from pydantic import ValidationError

from flow_operator.api.retention_status import RetentionStatus
from flow_operator.manifests.retention import retention_of
from flow_operator.status.conditions import Breach
from flow_operator.status.seen import Seen
from flow_operator.status.text import clean, reason, told_time
from flow_runtime.contracts.base import TERMINATION_LIMIT
from flow_runtime.contracts.retention import RetentionSummary

COUNT_LIMIT = 2**53 - 1
SAID_LIMIT = 600


def retention_status(seen: Seen, old: RetentionStatus | None) -> RetentionStatus | None:
    """Say how the last run went; what was said before stays where no newer run has ended."""
    run = seen.retention
    if retention_of(seen.serving) is None:
        return None
    if run is None or (old is not None and run.finished < old.last_run):
        return old
    said = run.said if isinstance(run.said, Breach) else _read(run.said)
    if isinstance(said, Breach):
        return RetentionStatus(
            job=run.job, last_run=run.finished, reason=said.reason, message=clean(said.message, SAID_LIMIT)
        )
    return RetentionStatus(
        job=run.job,
        last_run=run.finished,
        dry_run=said.dry_run,
        before=told_time(said.before),
        deleted_objects=said.objects,
        deleted_rows=said.rows,
        foreign_objects=said.foreign,
        oldest=told_time(said.oldest) if said.oldest else None,
        reason=reason(said.problem, "RetentionFailed") if said.problem else None,
        message=clean(said.message, SAID_LIMIT) or None,
    )


def _read(message: str) -> RetentionSummary | Breach:
    unreadable = Breach("SummaryInvalid", "the summary of the run cannot be read")
    if len(message.encode(errors="replace")) > TERMINATION_LIMIT:
        return unreadable
    try:
        summary = RetentionSummary.model_validate_json(message)
    except ValidationError:
        return unreadable
    implausible = max(summary.objects, summary.rows, summary.foreign) > COUNT_LIMIT
    return Breach("SummaryInvalid", "the summary of the run cannot be true") if implausible else summary
