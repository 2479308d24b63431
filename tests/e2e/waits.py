"""Waiting, bounded: for a condition of the cluster, with what was seen last when it does not come."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.e2e.kubectl import Kubectl, KubectlError, Manifest

T = TypeVar("T")


def until(what: str, look: Callable[[], T | None], timeout: float, every: float = 0.25) -> T:
    """Look until there is something true; returns it. An assertion that fails counts as not yet."""
    end = time.monotonic() + timeout
    seen = "nothing"
    while True:
        try:
            if found := look():
                return found
        except AssertionError as error:
            seen = str(error)
        if time.monotonic() > end:
            raise AssertionError(f"after {timeout:.0f} s still not: {what}; last: {seen}")
        time.sleep(every)


def condition(resource: Manifest | None, kind: str) -> dict[str, Any]:
    """One condition of a resource; empty when it has none of that type."""
    found = (resource or {}).get("status", {}).get("conditions", [])
    return next((each for each in found if each["type"] == kind), {})


def until_condition(
    kubectl: Kubectl, resource: str, name: str, kind: str, status: str, timeout: float = 90
) -> dict[str, Any]:
    """Wait until a condition that speaks of the newest generation has this status; returns it."""

    def look() -> dict[str, Any] | None:
        live = kubectl.get(resource, name)
        found = condition(live, kind)
        assert live is not None, f"no {resource} {name}"
        assert found.get("status") == status, found or live.get("status")
        assert found["observedGeneration"] == live["metadata"]["generation"], found
        return found

    return until(f"{resource} {name} is {kind}={status}", look, timeout)


def ready(pod: Manifest) -> bool:
    """Whether a pod is Ready and not about to end."""
    return condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]


def until_ready_pods(kubectl: Kubectl, selector: str, count: int, timeout: float = 120) -> list[Manifest]:
    """Wait until exactly so many pods have these labels, all of them Ready; returns them."""

    def look() -> list[Manifest] | None:
        pods = kubectl.list("pods", selector)
        seen = [(p["metadata"]["name"], ready(p)) for p in pods]
        assert len(pods) == count, seen
        assert all(is_ready for _, is_ready in seen), seen
        return pods

    return until(f"{count} ready pods of {selector}", look, timeout)


def until_gone(kubectl: Kubectl, kinds: str, selector: str, timeout: float = 90) -> None:
    """Wait until nothing of these kinds has these labels."""

    def look() -> bool:
        found = [f"{m['kind']}/{m['metadata']['name']}" for m in kubectl.list(kinds, selector)]
        assert not found, found
        return True

    until(f"no {kinds} with {selector}", look, timeout)


def refused(call: Callable[[], object]) -> str:
    """Call what must be refused by the API server; returns its words."""
    try:
        call()
    except KubectlError as error:
        return str(error)
    raise AssertionError("it was allowed")


def visit_now(kubectl: Kubectl, resource: str, name: str) -> None:
    """Have the operator look at a resource at once: it does when it changes, and by itself once a minute."""
    kubectl("annotate", resource, name, "--overwrite", f"e2e/visited={time.time_ns()}")


def mount_now(kubectl: Kubectl, selector: str) -> None:
    """Have the kubelet look at these pods' Secrets at once: it does when their annotations change.

    By itself it takes up to two minutes where the kubelet's syncFrequency is the default; one test of a
    rotation waits for that.
    """
    kubectl("annotate", "pods", "--selector", selector, "--overwrite", f"e2e/mounted={time.time_ns()}")
