"""Pods of a FlowDeployment: read from the API's objects into what the status needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flow_operator.manifests.names import REVISION, Manifest, label_of
from flow_operator.status.conditions import Breach
from flow_runtime.contracts.state import PodState

_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_NAMED = re.compile(r'\bimage "([^"]{1,512})"')
_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


@dataclass(frozen=True)
class Pod:
    """A serving pod, and what it says of itself if it could be asked."""

    name: str
    address: str
    revision: str
    ready: bool
    leaving: bool
    trouble: Breach | None
    state: PodState | None = None
    uid: str = ""


def pod_of(manifest: Manifest) -> Pod:
    """Read a Pod object."""
    status: dict[str, Any] = manifest.get("status") or {}
    meta = manifest["metadata"]
    phase = status.get("phase")
    over = "deletionTimestamp" in meta or phase in ("Succeeded", "Failed")
    return Pod(
        name=str(meta["name"]),
        # Pending too: the container that fetches the flow answers while it does.
        address=str(status.get("podIP") or "") if phase in ("Pending", "Running") else "",
        revision=label_of(manifest, REVISION),
        ready=any(
            condition.get("type") == "Ready" and condition.get("status") == "True"
            for condition in status.get("conditions") or ()
        ),
        leaving=over,
        trouble=_trouble(status),
        uid=str(meta.get("uid", "")),
    )


def pods_of(manifests: Sequence[Manifest], owners: Sequence[Manifest]) -> tuple[Pod, ...]:
    """The pods that belong to one of these ReplicaSets (by uid), without those that are leaving."""
    uids = {owner["metadata"]["uid"] for owner in owners}
    ours = [
        pod_of(manifest)
        for manifest in manifests
        if any(ref.get("uid") in uids for ref in manifest["metadata"].get("ownerReferences") or ())
    ]
    return tuple(sorted((pod for pod in ours if not pod.leaving), key=lambda pod: pod.name))


def _trouble(status: dict[str, Any]) -> Breach | None:
    """What the scheduler or the kubelet says is wrong."""
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = next((found for each in containers if (found := _container_trouble(each))), None)
    if found is not None:
        return found
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return Breach("Unschedulable", str(condition.get("message") or "no node takes the pod"))
    return None


def _container_trouble(container: dict[str, Any]) -> Breach | None:
    name = container.get("name", "")
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if reason in _IMAGE:
        # Of an artifact that cannot be mounted the kubelet says the same; only its message names it.
        named = _NAMED.search(message)
        image = named[1] if named else container.get("image", "")
        return Breach("ImagePullFailed", f"image {image} of container {name}: {message or reason}")
    if reason in _CONFIG:
        return Breach("ContainerNotStarted", f"container {name}: {message or reason}")
    if reason != "CrashLoopBackOff":
        return None
    last = (container.get("lastState") or {}).get("terminated") or {}
    how = f"exit code {last.get('exitCode', '?')}, {last.get('reason') or 'Error'}"
    said = f": {last['message']}" if last.get("message") else ""
    return Breach("ContainerCrashes", f"container {name} ends again and again ({how}){said}")
