"""What processes cost, as the kernel counts it: CPU in nanoseconds from the scheduler, memory as PSS."""

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

_NS = 1_000_000_000


def family(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU of a family so far, user and system; threads that have ended are not in it."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
    return total / _NS


def memory_mb(pid: int) -> tuple[float, float]:
    """PSS and RSS of a family, in MB of 1,000,000 bytes."""
    pss = rss = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                kind, _, amount = line.partition(":")
                pss += int(amount.split()[0]) if kind == "Pss" else 0
                rss += int(amount.split()[0]) if kind == "Rss" else 0
    return pss * 1024 / 1e6, rss * 1024 / 1e6


def cpus() -> list[int]:
    """The CPUs that we may use; the subject gets the first, load and LLM the last."""
    return sorted(os.sched_getaffinity(0))


def pinned(cpu: int, *command: str) -> list[str]:
    """Make a command run on one CPU, where there is more than one."""
    return ["taskset", "-c", str(cpus()[cpu]), *command] if len(cpus()) > 1 else list(command)


def busy_cpus(seconds: float) -> float:
    """Watch for some seconds how many CPUs are at work."""
    before = _busy_seconds()
    time.sleep(seconds)
    return (_busy_seconds() - before) / seconds


def _busy_seconds() -> float:
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def described() -> str:
    """Name processor, kernel and Python."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    return f"{len(cpus())} CPUs ({model}), Linux {platform.release()}, Python {platform.python_version()}"
