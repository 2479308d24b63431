"""What collection costs a request: the same server with and without it, asked in turn at the same load.

All servers run at once and share the first CPU, where the idle ones cost nothing; so the windows of a pair
lie seconds apart. Collectors and the store are on the other CPU, behind load and LLM (nice): in a cluster
each has a container of its own.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flow_runtime.contracts.settings import CollectionSettings, SpoolSettings, StoreSettings
from flow_runtime.spool import read_counts
from tests.bench import load
from tests.bench.collection_report import DISK, DOWN, FULL, OFF, ON, Costs, Window
from tests.bench.machine import busy_cpus, described, pinned
from tests.bench.running import Running, Stub, running
from tests.bench.subjects import UNCOLLECTED, Flow, Ours, Place, Started
from tests.integration.processes import free_port
from tests.integration.s3 import KEY, SECRET, s3_server, secret_folder

LLM_MS, PAUSE_MS, SHARE = 50, 50, 0.6
SECONDS, WARM_SECONDS, TICK_SECONDS = 10, 3, 2
MEMORY = Path("/dev/shm")
"""Where a spool is in memory, as it is by default."""
BEHIND = ("nice", "-n", "5")


@dataclass(frozen=True)
class Collecting(Ours):
    """Our server, its collector behind everything else, its records bound for a store that speaks S3."""

    endpoint: str = ""
    spool: Path = Path()
    spool_mib: int = 64

    def start(self, flow: Flow, place: Place) -> Started:
        started = super().start(flow, place)
        return replace(started, beside=[*BEHIND, *started.beside])

    def collection(self, place: Place) -> CollectionSettings:
        keys = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": self.endpoint}
        return CollectionSettings(
            store=StoreSettings(
                url="s3://records", secret=secret_folder(place.work / "store-secret", **keys)
            ),
            spool=SpoolSettings(directory=self.spool, size_mib=self.spool_mib),
        )


def measure(flow: Flow, work: Path, llm: Stub, rounds: int) -> Costs:
    """Ask each in turn, round by round, each round beginning with another one."""
    foreign = busy_cpus(1.0)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=MEMORY if MEMORY.is_dir() else None) as memory,
        s3_server(work, *pinned(-1, *BEHIND)) as s3,
        contextlib.ExitStack() as ends,
    ):
        spools = {key: Path(memory) / key for key in (ON, DOWN, FULL)} | {DISK: work / "spool"}
        found = ends.enter_context(servers(flow, work, spools, llm, s3.endpoint))
        connections = sustained(flow, found[ON], llm)
        llm.answer_after(LLM_MS)
        for each in found.values():
            _drive(flow, each, connections, WARM_SECONDS)
        windows = []
        for number in range(rounds):
            _say(f"collection, round {number + 1} of {rounds}")
            for key in _turned(list(found), number):
                loaded = _drive(flow, found[key], connections, SECONDS)
                windows.append(Window(key, number, loaded.answered / loaded.seconds, loaded.p50, loaded.p99))
                if loaded.failed:
                    raise SystemExit(f"{loaded.failed} requests failed: {key}")
        time.sleep(TICK_SECONDS)
        dropped = {key: sum(read_counts(spool).dropped.values()) for key, spool in spools.items()}
    return Costs(described(), foreign, connections, LLM_MS, SECONDS, windows, dropped)


@contextlib.contextmanager
def servers(
    flow: Flow, work: Path, spools: dict[str, Path], llm: Stub, endpoint: str
) -> Iterator[dict[str, Running]]:
    """One that does not collect, and one for each way to."""
    nobody = f"http://127.0.0.1:{free_port()}"
    ways = {ON: (endpoint, 64), DISK: (endpoint, 64), DOWN: (nobody, 4096), FULL: (nobody, 1)}
    subjects: dict[str, Ours] = {OFF: UNCOLLECTED}
    for key, (store, size) in ways.items():
        spools[key].mkdir()
        subjects[key] = Collecting(key, key, endpoint=store, spool=spools[key], spool_mib=size)
    with contextlib.ExitStack() as ends:
        yield {
            key: ends.enter_context(running(subject, flow, work / key, llm))
            for key, subject in subjects.items()
        }


def sustained(flow: Flow, server: Running, llm: Stub) -> int:
    """How many connections make a share of the most that a server can do, once the LLM takes its time."""
    llm.answer_after(0)
    _drive(flow, server, 64, WARM_SECONDS, 0)
    loaded = _drive(flow, server, 64, WARM_SECONDS, 0)
    return max(1, round(SHARE * loaded.answered / loaded.seconds * (LLM_MS + PAUSE_MS) / 1000))


def _drive(
    flow: Flow, server: Running, connections: int, seconds: int, pause_ms: int = PAUSE_MS
) -> load.Load:
    return load.drive(server.port, "/score", flow.body, flow.accept, connections, seconds, pause_ms)


def _turned(keys: list[str], number: int) -> list[str]:
    first = number % len(keys)
    return keys[first:] + keys[:first]


def _say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {what}\n")
    sys.stderr.flush()
