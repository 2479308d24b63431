"""What is worth an Event: a change of a condition that somebody waits for, and the result of a run. Pure."""

from collections.abc import Sequence

from flow_operator.api.common import Condition
from flow_operator.api.flowdeployment_status import FlowDeploymentStatus
from flow_operator.api.flowmonitor_status import FlowMonitorStatus
from flow_operator.status.collecting import RECORDS_LOST
from flow_operator.status.collection import Ending
from flow_operator.status.flow_monitor import in_words, new_run, verdict_of
from flow_operator.status.run import Run
from flow_operator.telemetry.events import Note

_TOLD = ("Accepted", "ReferencesResolved", "Ready", "Collecting", "Scheduled")
# A loss has Events of its own, one for each pod.
_QUIET = (
    "PodsStarting",
    "Suspended",
    "ScaledToZero",
    "Disabled",
    "Accepted",
    "Resolved",
    "Scheduled",
    RECORDS_LOST,
)


def deployment_notes(old: FlowDeploymentStatus, new: FlowDeploymentStatus) -> list[Note]:
    """Events of a FlowDeployment."""
    notes = _changes(old.conditions, new.conditions)
    if new.revision and new.revision != old.revision:
        text = f"rolling out revision {new.revision}"
        notes.append(Note("Normal", "RollingOut", "Apply", text, new.revision))
    return notes + _retention_notes(old, new)


def _retention_notes(old: FlowDeploymentStatus, new: FlowDeploymentStatus) -> list[Note]:
    """A run of retention that failed, once."""
    run = new.retention
    if run is None or run.reason is None or run == old.retention:
        return []
    text = f"run {run.job}: {run.message or run.reason} ({run.reason})"
    return [Note("Warning", "RetentionFailed", "Delete", text, f"{run.job} {run.last_run.isoformat()}")]


def ending_notes(endings: Sequence[Ending]) -> list[Note]:
    """Events of pods that took records with them, or left no word; each pod once, by its uid."""
    return [note for ending in endings if (note := _ending_note(ending)) is not None]


def _ending_note(ending: Ending) -> Note | None:
    pod = f"pod {ending.name} (uid {ending.uid}) went away"
    if ending.unaccounted:
        text = (
            f"{pod} without a last word: {_many(ending.unaccounted, 'record')} had not been stored when"
            " it was last asked, up to a minute before; what became of these and of later ones is not known"
        )
        return Note("Warning", "RecordsUnaccounted", "Observe", text, ending.uid)
    if not ending.records and not ending.feedback:
        return None
    what = [_many(ending.records, "record")] if ending.records else []
    what += [_many(ending.feedback, "row") + " of feedback"] if ending.feedback else []
    where = f" in segments {ending.segments}" if ending.segments else ""
    text = f"{pod} with {' and '.join(what)}{where} not stored: {ending.reason or 'it did not say why'}"
    return Note("Warning", RECORDS_LOST, "Observe", text, ending.uid)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"


def monitor_notes(old: FlowMonitorStatus, new: FlowMonitorStatus, run: Run | None) -> list[Note]:
    """Events of a FlowMonitor: its conditions, and each run once."""
    return _changes(old.conditions, new.conditions) + _run_notes(old, new_run(old, run))


def _changes(old: Sequence[Condition], new: Sequence[Condition]) -> list[Note]:
    """A condition that has got another status or reason, if a person would want to know."""
    before = {condition.type: (condition.status, condition.reason) for condition in old}
    changed = [
        condition
        for condition in new
        if condition.type in _TOLD
        and condition.status != "Unknown"
        and condition.reason not in _QUIET
        and before.get(condition.type) != (condition.status, condition.reason)
    ]
    return [
        Note(
            "Normal" if condition.status == "True" else "Warning",
            condition.reason,
            "Observe",
            f"{condition.type} is {condition.status}: {condition.message}",
            f"{condition.type} {condition.last_transition_time.isoformat()} {condition.message}",
        )
        for condition in changed
    ]


def _run_notes(old: FlowMonitorStatus, run: Run | None) -> list[Note]:
    if run is None or (old.last_run and (old.last_run.id, old.last_run.finished) == (run.id, run.finished)):
        return []
    if run.failure is not None:
        text = f"run {run.job} failed: {run.failure.message} ({run.failure.reason})"
        return [Note("Warning", "RunFailed", "Run", text, run.uid)]
    summary = run.summary
    if summary is None:
        return []
    verdict = verdict_of(summary.metrics)
    results = "; ".join(in_words(metric) for metric in summary.metrics)
    text = f"run {run.job}: {verdict}, {summary.sampled} of {summary.records} records judged. {results}"
    notes = [Note("Normal", "RunFinished", "Run", text, run.uid)]
    failed = [in_words(metric) for metric in summary.metrics if metric.verdict == "Fail"]
    if failed:
        text = f"run {run.job}: {'; '.join(failed)}. Report: {summary.url}"
        notes.append(Note("Warning", "QualityBelowThreshold", "Run", text, run.uid))
    return notes
