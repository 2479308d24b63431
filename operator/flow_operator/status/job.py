"""How a Job of ours ended: its own word, and what the newest of its finished pods said. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flow_operator.manifests.names import Manifest, owned_by
from flow_operator.status.conditions import Breach
from flow_operator.status.text import reason, utc


@dataclass(frozen=True)
class EndedJob:
    """A Job that has ended, and its pod's last word or why there is none."""

    job: str
    uid: str
    finished: datetime
    said: str | Breach


def newest_ended(
    jobs: Sequence[Manifest], pods: Sequence[Manifest], owner_uid: str, container: str
) -> EndedJob | None:
    """The Job that ended last, of those that belong to the owner; None if none has."""
    ours = [job for job in jobs if owned_by(job, owner_uid)]
    ended = [found for job in ours if (found := _ended(job, pods, container))]
    return max(ended, key=lambda each: (each.finished, each.job), default=None)


def _ended(job: Manifest, pods: Sequence[Manifest], container: str) -> EndedJob | None:
    name, uid = str(job["metadata"]["name"]), str(job["metadata"]["uid"])
    own = [pod for pod in pods if owned_by(pod, uid)]
    ended = [(end, pod) for pod in own if (end := _terminated(pod, container)) is not None]
    newest = max(ended, key=lambda pair: str(pair[0].get("finishedAt") or ""), default=None)
    failed = _failure_of(job)
    if newest is not None and (failed or newest[1].get("status", {}).get("phase") == "Succeeded"):
        end = newest[0]
        finished = _time(end.get("finishedAt")) or _time(job["metadata"].get("creationTimestamp"))
        return EndedJob(name, uid, finished, _word(end, container)) if finished else None
    if failed is None:
        return None
    why = Breach(
        reason(str(failed.get("reason")), "JobFailed"), str(failed.get("message") or "the Job failed")
    )
    finished = _time(failed.get("lastTransitionTime")) or _time(job["metadata"].get("creationTimestamp"))
    return EndedJob(name, uid, finished, why) if finished else None


def _terminated(pod: Manifest, name: str) -> dict[str, Any] | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        if container.get("name") == name:
            ended: dict[str, Any] | None = (container.get("state") or {}).get("terminated")
            return ended
    return None


def _failure_of(job: Manifest) -> dict[str, Any] | None:
    conditions: list[dict[str, Any]] = job.get("status", {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == "Failed" and c.get("status") == "True"), None)


def _word(end: dict[str, Any], container: str) -> str | Breach:
    if message := str(end.get("message") or ""):
        return message
    how = f"exit code {end.get('exitCode')}, {end.get('reason') or 'no reason'}"
    said = f"the {container} ended without a summary ({how}); see its pod's log"
    return Breach(f"{container.capitalize()}Failed", said)


def _time(text: object) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
