"""How pods end: the last word of their collectors, read from the pods' last objects."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from flow_operator.manifests.collector_container import COLLECTOR
from flow_operator.manifests.names import Manifest
from flow_runtime.contracts.base import TERMINATION_LIMIT
from flow_runtime.contracts.undelivered import Undelivered

ALL_STORED = Undelivered(records=0)


@dataclass(frozen=True)
class End:
    """A pod whose collector works no more."""

    uid: str
    name: str
    word: Undelivered | None = None
    """What it could not store, by its own word; None: it left none, so that nothing is known."""


def end_of(pod: Manifest, *, gone: bool = False) -> End | None:
    """How a pod ended; None while its collector may still work. `gone`: this is its last object."""
    meta, status = pod["metadata"], pod.get("status") or {}
    states = status.get("initContainerStatuses") or ()
    collector: dict[str, Any] = next((each for each in states if each.get("name") == COLLECTOR), {})
    ended = (collector.get("state") or {}).get("terminated")
    over = gone or status.get("phase") in ("Succeeded", "Failed")
    if not over and not (ended and "deletionTimestamp" in meta):
        return None
    return End(uid=str(meta["uid"]), name=str(meta["name"]), word=_word(collector))


def _word(collector: dict[str, Any]) -> Undelivered | None:
    now, before = collector.get("state") or {}, collector.get("lastState") or {}
    # What ended before one that was running at last says nothing of the pod's end.
    ended = now.get("terminated") or (None if "running" in now else before.get("terminated"))
    if ended is None:
        # It was never begun, so neither was the server: there is nothing to store.
        return ALL_STORED if "waiting" in now else None
    message = str(ended.get("message") or "")
    if not message:
        return ALL_STORED if ended.get("exitCode") == 0 else None
    if len(message) > TERMINATION_LIMIT:
        return None
    try:
        return Undelivered.model_validate_json(message)
    except ValidationError:
        return None
