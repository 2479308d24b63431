"""What kubectl shows after the demo: pods, the two resources, the monitor's conditions and Events."""

import textwrap

from hack.demo.cluster import NAME, NAMESPACE
from hack.demo.kubectl import Kubectl
from hack.demo.summary import WIDTH, clean, table

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
    printed = [line for line in kubectl(*arguments).splitlines() if line.strip()]
    return [f"\n$ kubectl -n {NAMESPACE} {' '.join(arguments)}", *(f"  {line}" for line in printed)]


def _conditions(kubectl: Kubectl) -> list[str]:
    found = ((kubectl.get("flowmonitor", NAME) or {}).get("status") or {}).get("conditions", [])
    lines = table(
        [("CONDITION", "STATUS", "REASON"), *((c["type"], c["status"], c["reason"]) for c in found)]
    )
    messages = ["MESSAGE", *(clean(c.get("message", "")) for c in found)]
    width = max(map(len, lines)) + 2
    return [
        text
        for line, message in zip(lines, messages, strict=True)
        for text in _beside(line.ljust(width), message)
    ]


def _events(kubectl: Kubectl) -> list[str]:
    described = kubectl("describe", "flowmonitor", NAME)
    events = described.partition("\nEvents:")[2].splitlines()
    at = next((line.index("Message") for line in events if "Message" in line), 0)
    kept = [line for line in events[1:] if not line.strip().startswith("----")]
    return ["  Events:", *(text for line in kept for text in _beside(f"  {line[:at]}", clean(line[at:])))]


def _beside(first: str, text: str) -> list[str]:
    """A column of text beside what comes first, wrapped."""
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first)) or [first]
