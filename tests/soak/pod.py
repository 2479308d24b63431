"""python -m tests.soak.pod [MINUTES]: one pod of the cluster at 200 requests/s; 1 if a container grows or a
record is missing.

Memory is that of the container's process, looked at from within the pod every 10 s: PSS, and of it what is
the process's own. PSS also moves with other pods of the same image on the node, which share its files; so it
is the rest that must not grow. CPU is what the kubelet counts. What it says goes to build/soak.json, and with
--docs from there into docs/benchmarks.md.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.machine import described
from tests.e2e import waits
from tests.e2e.kubectl import KubectlError
from tests.e2e.world import World
from tests.soak import pod_world
from tests.soak.load import UNACCEPTABLE
from tests.soak.pod_report import Look, Soak, document

RATE, EVERY_SECONDS, STORED_SECONDS = 200.0, 10.0, 180.0
CONTAINERS = (pod_world.SERVER, pod_world.COLLECTOR)
RESULT = Path(__file__).parents[2] / "build" / "soak.json"


def main() -> int:
    """Run it and tell, or write the documentation of what was said last."""
    parser = argparse.ArgumentParser(prog="tests.soak.pod", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="?", default=30.0)
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md of the last result")
    options = parser.parse_args()
    if options.docs:
        document(Soak.load(RESULT))
        return 0
    with pod_world.one_pod() as world:
        soak = measured(world, options.minutes * 60)
    soak.save(RESULT)
    print(soak.report())
    failures = soak.failures()
    print("nothing failed" if not failures else f"FAILED: {'; '.join(failures)}")
    return 1 if failures else 0


def measured(world: World, seconds: float) -> Soak:
    """Ask for some time, look meanwhile, and count at the end."""
    (pod,) = waits.until_ready_pods(world.kubectl, world.pods_of(), 1)
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
    world.kubectl.apply(pod_world.script(), pod_world.asking(world, RATE, seconds))
    waits.until_ready_pods(world.kubectl, "helper=load", 1)
    begun, looks = time.monotonic(), list[Look]()
    while time.monotonic() - begun < seconds and phase(world) == "Running":
        looks.append(look(world, node, name, time.monotonic() - begun))
        time.sleep(max(0.0, EVERY_SECONDS * len(looks) - (time.monotonic() - begun)))
    waits.until("the end of the load", lambda: phase(world) != "Running", 60, every=1)
    said = world.kubectl("logs", "load")
    if phase(world) != "Succeeded":
        raise SystemExit(f"the load broke off:\n{said}")
    tally = json.loads(said)
    state = waits.until("all records in the store", lambda: whole(world, name), STORED_SECONDS, every=2)
    (pod,) = world.kubectl.list("pods", world.pods_of())
    statuses = pod["status"]["containerStatuses"] + pod["status"]["initContainerStatuses"]
    return Soak(
        machine=described(),
        rate=RATE,
        seconds=seconds,
        looks=looks,
        asked=tally["asked"],
        recorded=sum(tally["answered"].values()) - tally["answered"].get(UNACCEPTABLE, 0),
        wrong=tally["wrong"],
        captured=state["captured"],
        dropped=sum(state["dropped"].values()),
        stored=world.rows_stored(),
        restarts=sum(status["restartCount"] for status in statuses),
    )


def look(world: World, node: str, pod: str, at: float) -> Look:
    """Look at both containers once; what cannot be seen at this moment is left out."""
    pss, own = {}, {}
    for container in CONTAINERS:
        try:
            text = world.kubectl("exec", pod, "-c", container, "--", "cat", "/proc/1/smaps_rollup")
        except KubectlError as error:
            print(f"after {at:.0f} s: {error}", file=sys.stderr)
            continue
        fields = {
            name: amount.split()[0]
            for name, _, amount in (line.partition(":") for line in text.splitlines()[1:])
        }
        pss[container], own[container] = (int(fields[name]) * 1024 / 1e6 for name in ("Pss", "Pss_Anon"))
    summary = json.loads(world.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
    (found,) = [each for each in summary["pods"] if each["podRef"]["name"] == pod]
    kept = {each["name"]: each for each in found["containers"]}
    return Look(
        at,
        pss,
        own,
        {name: each["memory"]["workingSetBytes"] / 1e6 for name, each in kept.items()},
        {name: each["cpu"]["usageCoreNanoSeconds"] / 1e9 for name, each in kept.items()},
    )


def phase(world: World) -> str:
    """How far the pod that asks is."""
    return str((world.kubectl.get("pod", "load") or {})["status"]["phase"])


def whole(world: World, pod: str) -> dict[str, Any] | None:
    """The counts of the pod, once nothing waits in its spool."""
    path = f"/api/v1/namespaces/{pod_world.NAMESPACE}/pods/{pod}:9090/proxy/state"
    state: dict[str, Any] = json.loads(world.kubectl("get", "--raw", path))["collection"]
    assert state["captured"] == state["stored"], state
    return state


if __name__ == "__main__":
    sys.exit(main())
