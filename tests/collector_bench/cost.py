"""CPU, time and memory of one collector on one folder of segments."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.collector_bench.subjects import ROOT, Subject, environment
from tests.integration.s3 import S3

SEGMENT_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float
    """PSS, read every 20 ms: what it shares with other processes is counted in parts."""


def write_segments(folder: Path, lines: Iterable[bytes]) -> int:
    """Seal lines into segments of 8 MiB; returns how many lines."""
    folder.mkdir(parents=True)
    rest, count, number = iter(lines), 0, 0
    while first := list(islice(rest, 1)):
        part, size = first, len(first[0])
        for line in rest:
            part.append(line)
            size += len(line) + 1
            if size >= SEGMENT_BYTES:
                break
        number += 1
        count += len(part)
        (folder / f"{number:08d}.jsonl").write_bytes(b"".join(line + b"\n" for line in part))
    return count


def run(subject: Subject, place: Path, s3: S3) -> Cost:
    """Let a collector store all that is in the folder, and end."""
    command = subject.command(place, s3)
    began = time.monotonic()
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=ROOT)
        if subject.until_told:
            wait_for(place / "log", b"collecting")
            os.kill(process.pid, signal.SIGTERM)
        peak = 0.0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, pss_mib(process.pid))
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
    assert process.returncode == 0, (place / "log").read_text()
    used = ended[2]
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - began, peak)


def wait_for(log: Path, word: bytes) -> None:
    """Wait until a process says something."""
    deadline = time.monotonic() + 60
    while word not in log.read_bytes():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def pss_mib(pid: int) -> float:
    """Proportional set size of a process (proc(5)); 0 when it has ended."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def cpu_seconds(pid: int) -> float:
    """CPU of a living process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
