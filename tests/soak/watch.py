"""What a process holds, second by second, and whether it grows."""

import asyncio
import contextlib
import statistics
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import memory_mb

SETTLED = 0.2
"""The part of a run that is left out of slopes: caches and pools fill in it."""


@dataclass(frozen=True)
class Sample:
    """One look at a process; memory in MB of 1,000,000 bytes."""

    at: float
    pss: float
    rss: float
    files: int
    threads: int
    in_flight: int


def look(pid: int, metrics_port: int) -> Sample:
    """Look once."""
    pss, rss = memory_mb(pid)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    return Sample(time.monotonic(), pss, rss, files, threads, _in_flight(metrics_port))


async def watch(pid: int, metrics_port: int, samples: list[Sample], every: float) -> None:
    """Look again and again, until cancelled."""
    while True:
        samples.append(await asyncio.to_thread(look, pid, metrics_port))
        await asyncio.sleep(every)


def slope(samples: list[Sample], name: str) -> float:
    """How much a figure grows in an hour, by the line through all samples but the first fifth."""
    settled = samples[int(len(samples) * SETTLED) :]
    if len(settled) < 3:
        return 0.0
    line = statistics.linear_regression(
        [each.at for each in settled], [getattr(each, name) for each in settled]
    )
    return line.slope * 3600


def around(samples: list[Sample], name: str, end: bool) -> float:
    """The median of a figure in the first, or the last, tenth of the settled samples."""
    settled = samples[int(len(samples) * SETTLED) :]
    part = max(1, len(settled) // 10)
    return statistics.median(getattr(each, name) for each in (settled[-part:] if end else settled[:part]))


def _in_flight(port: int) -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return int(
            float(next(line for line in lines if line.startswith("flow_requests_in_flight ")).split()[1])
        )
    return -1
