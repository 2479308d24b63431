"""A spool on a file system that is really full: what is answered is captured or dropped, and counted."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flow_runtime import spool
from flow_runtime.contracts.settings import StoreSettings
from tests.integration.collector_world import World, finish, stored_lines

pytestmark = pytest.mark.timeout(120)
ANSWERED = 3000
WRITE = """
import sys
from pathlib import Path
from flow_runtime.spool import SpoolWriter
writer = SpoolWriter(Path(sys.argv[1]), size_mib=64, seal_mib=0.25)
for number in range(int(sys.argv[2])):
    writer.append(b'{"id": "%d", "inputs": {"q": "%s"}}' % (number, b"word " * 200))
writer.close()
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 1 MiB, where we may mount one."""
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
        ).returncode
    )
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


def small_files() -> None:
    """Without a mount of our own: no file of more than 100 kB, so that no segment can grow to its end."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def answer(folder: Path) -> None:
    """Append as many records as were answered, on a disk that does not hold them."""
    limit = None if folder.is_mount() else small_files
    subprocess.run([sys.executable, "-c", WRITE, folder, str(ANSWERED)], check=True, preexec_fn=limit)


async def test_a_full_disk_drops_what_does_not_fit_and_every_answer_is_counted(tmp_path: Path) -> None:
    with small_disk(tmp_path / "spool"):
        answer(tmp_path / "spool")
        counts = spool.read_counts(tmp_path / "spool")
        assert set(counts.dropped) == {"write_failed"}
        assert counts.captured + sum(counts.dropped.values()) == ANSWERED
        assert 0 < counts.captured < ANSWERED
        world = World(tmp_path, StoreSettings(url=(tmp_path / "store").as_uri()))
        collector = world.start()
        await world.until(lambda: world.state.stored + world.state.lost == counts.captured)
        assert world.writer.append(b"{}")
        world.writer.close()
        finish(collector)
        assert (world.state.stored, world.state.lost) == (counts.captured + 1, 0)
        assert len(await stored_lines(world.store)) == counts.captured + 1
