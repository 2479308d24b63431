"""Load by wrk: so many connections, each with one request in flight."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import pinned

_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """What came out of one window of load. Times of requests in milliseconds."""

    answered: int
    failed: int
    seconds: float
    mean: float
    p50: float
    p99: float


def drive(
    port: int, path: str, body: str, accept: str, connections: int, seconds: float, pause_ms: int = 0
) -> Load:
    """Send the same request over and over for some seconds (wrk takes whole ones).

    Without pauses connections that were answered together ask together; pauses of random length, so many
    milliseconds on average, keep them apart, as strangers are.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout=60s", f"-s{_SCRIPT}"]
    done = subprocess.run(
        pinned(-1, *command, f"http://127.0.0.1:{port}{path}"),
        env=os.environ | {"BENCH_BODY": body, "BENCH_ACCEPT": accept, "BENCH_PAUSE": str(pause_ms)},
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    found = next(line for line in done.stdout.splitlines() if line.startswith("JSON "))
    said = json.loads(found.removeprefix("JSON "))
    return Load(
        answered=said["answered"] - said["refused"],
        failed=said["refused"] + said["lost"],
        seconds=said["duration"] / 1e6,
        mean=said["mean"] / 1000,
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
    )
