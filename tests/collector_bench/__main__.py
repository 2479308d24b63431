"""`python -m tests.collector_bench [ROUNDS]`: prints two tables for docs/collection.md.

The first drains 20,000 records of 2 KB (40 MB, five segments) into a real S3 server, each collector after the
other, and takes the median of the rounds; what the same program takes for an empty folder is taken off.
The second is about this collector alone: memory and CPU at 500 records/s, with a full spool, with large
records, and with nothing to do.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from flow_runtime.spool import SpoolWriter
from tests.collector_bench.cost import Cost, cpu_seconds, pss_mib, run, wait_for, write_segments
from tests.collector_bench.records import large_records, records
from tests.collector_bench.subjects import ROOT, SUBJECTS, Subject, environment
from tests.integration.s3 import S3, s3_server

RECORDS, RATE, SECONDS, IDLE_SECONDS = 20_000, 500, 45, 30
LARGE, BACKLOG = 40, 34_000
"""Records of 1 MiB; records of 2 KB that fill a spool of 64 MiB."""


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder)) as s3:
        compare(Path(folder), s3, rounds)
        alone(Path(folder), s3)
    return 0


def compare(folder: Path, s3: S3, rounds: int) -> None:
    """Print what each collector takes for the same records."""
    print(f"\n| collector | CPU per record, µs | of a core at {RATE}/s | records/s | peak, MiB PSS |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for number, subject in enumerate(SUBJECTS):
        costs = []
        for turn in range(rounds):
            place = folder / f"{number}-{turn}"
            idle = drained(subject, place / "idle", s3, ())
            busy = drained(subject, place / "busy", s3, records(RECORDS))
            costs.append(
                (busy.cpu_seconds - idle.cpu_seconds, busy.wall_seconds - idle.wall_seconds, busy.peak_mib)
            )
        cpu, wall, peak = (median(each) for each in zip(*costs, strict=True))
        each = cpu / RECORDS
        cells = (f"{each * 1e6:.0f}", f"{each * RATE:.1%}", f"{RECORDS / wall:,.0f}", f"{peak:.0f}")
        print(f"| {subject.title} | {' | '.join(cells)} |", flush=True)


def drained(subject: Subject, place: Path, s3: S3, lines: Iterable[bytes]) -> Cost:
    write_segments(place / "spool", lines)
    return run(subject, place, s3)


def alone(folder: Path, s3: S3) -> None:
    """Print what this collector takes in other states, with all patterns."""
    ours = [subject for subject in SUBJECTS if subject.until_told][-1]
    print("\n| this collector, two keys and all patterns | CPU, of a core | peak, MiB PSS |")
    print("| --- | ---: | ---: |")
    for title, seconds, rate in (
        ("nothing to do", IDLE_SECONDS, 0),
        (f"{RATE} records/s of 2 KB, segments of 8 MiB", SECONDS, RATE),
    ):
        share, peak = asyncio.run(living(ours, folder / f"at-{rate}", s3, seconds, rate))
        print(f"| {title} | {share:.1%} | {peak:.0f} |", flush=True)
    for title, lines in (
        ("a full spool of 64 MiB", records(BACKLOG)),
        ("records of 1 MiB", large_records(LARGE)),
    ):
        cost = drained(ours, folder / title.replace(" ", "-"), s3, lines)
        print(
            f"| {title}, drained at once | {cost.cpu_seconds / cost.wall_seconds:.0%} | {cost.peak_mib:.0f} |"
        )


async def living(subject: Subject, place: Path, s3: S3, seconds: float, rate: int) -> tuple[float, float]:
    """Run beside a server that writes at a rate; returns CPU per second and the peak of PSS."""
    (place / "spool").mkdir(parents=True)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(subject.command(place, s3), stderr=log, env=environment(), cwd=ROOT)  # noqa: ASYNC220
    try:
        await asyncio.to_thread(wait_for, place / "log", b"collecting")
        await asyncio.sleep(2)
        writer, lines = SpoolWriter(place / "spool"), records(int(rate * seconds) + rate)
        return await watched(process.pid, seconds, lambda due: write(writer, lines, due), rate)
    finally:
        process.terminate()
        process.wait(120)


async def watched(
    pid: int, seconds: float, write_until: Callable[[int], None], rate: int
) -> tuple[float, float]:
    began, before, peak = time.monotonic(), cpu_seconds(pid), 0.0
    while (passed := time.monotonic() - began) < seconds:
        write_until(int(passed * rate))
        peak = max(peak, pss_mib(pid))
        await asyncio.sleep(0.02)
    return (cpu_seconds(pid) - before) / passed, peak


def write(writer: SpoolWriter, lines: Iterable[bytes], due: int) -> None:
    """Write what is due by now, as a server's requests would."""
    for _ in range(due - writer.counts.captured):
        writer.append(next(iter(lines)))
    writer.tick()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
