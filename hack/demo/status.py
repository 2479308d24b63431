"""What kubectl shows after the demo: pods, the two resources, the monitor's conditions and Events."""

from hack.demo.cluster import NAME, NAMESPACE
from hack.demo.kubectl import Kubectl
from hack.demo.summary import clean, table

SERVING = f"app.kubernetes.io/name=flow-server,app.kubernetes.io/instance={NAME}"


def status_lines(kubectl: Kubectl) -> list[str]:
    """The commands and what they print, as a reader would see them."""
    return [
        *_shown(kubectl, "get", "pods", "-l", SERVING, "-o", "wide"),
        *_shown(kubectl, "get", "fd,fm"),
        f"\n$ kubectl -n {NAMESPACE} describe fm {NAME}   (conditions and Events)",
        *_conditions(kubectl),
        *_events(kubectl),
    ]


def _shown(kubectl: Kubectl, *arguments: str) -> list[str]:
    printed = kubectl(*arguments).splitlines()
    return [f"\n$ kubectl -n {NAMESPACE} {' '.join(arguments)}", *(f"  {line}" for line in printed)]


def _conditions(kubectl: Kubectl) -> list[str]:
    found = ((kubectl.get("flowmonitor", NAME) or {}).get("status") or {}).get("conditions", [])
    rows = [(c["type"], c["status"], c["reason"], clean(c.get("message", ""))) for c in found]
    return table([("CONDITION", "STATUS", "REASON", "MESSAGE"), *rows])


def _events(kubectl: Kubectl) -> list[str]:
    described = kubectl("describe", "flowmonitor", NAME)
    _, mark, events = described.partition("\nEvents:")
    return (
        [f"  Events:{line}" if i == 0 else f"  {line}" for i, line in enumerate(events.splitlines())]
        if mark
        else []
    )
