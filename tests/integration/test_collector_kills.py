"""SIGKILL at any moment, to the server's writer and to the collector: what was answered is stored, once."""

import asyncio
import gzip
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flow_runtime.contracts.settings import (
    CollectionSettings,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from flow_runtime.contracts.undelivered import Undelivered
from flow_runtime.store import Store
from flow_runtime.store.gaps import gaps
from flow_runtime.store.keys import SegmentKey, parse_segment_key
from tests.integration.collector_world import BOT
from tests.integration.s3 import s3_server

pytestmark = pytest.mark.timeout(300)
COLLECTOR_KILLS, WRITER_KILLS = 50, 25
NURSERY = """
import os, signal, sys
{prepare}
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.write(1, b"%d\\n" % os.getpid())
        {work}
        os._exit(0)
"""
COLLECT = NURSERY.format(
    prepare="from flow_runtime.collector.main import main", work="os._exit(main(sys.argv[1:]))"
)
WRITE = NURSERY.format(
    prepare="import pathlib, time; from flow_runtime.spool import SpoolWriter",
    work="""
        writer = SpoolWriter(pathlib.Path(sys.argv[1]), seal_mib=1 / 32, seal_after_seconds=0.05)
        for number in range(1_000_000):
            name = f"{os.getpid()}-{number}"
            assert writer.append(b'{"id": "%s", "inputs": {"q": "%s"}}' % (name.encode(), b"word " * 300))
            os.write(1, b"%s\\n" % name.encode())
            writer.tick()
            time.sleep(0.001)
""",
)


class Nursery:
    """A process that has everything imported and forks a fresh one whenever it is asked to."""

    def __init__(self, code: str, argument: Path, output: Path, **environment: str) -> None:
        self.output = output
        with output.open("wb") as out, output.with_suffix(".log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(argument)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                env=os.environ | environment,
            )

    async def start(self) -> int:
        """Fork one and give its process id, once it runs."""
        before = len(self._pids())
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        await until(lambda: len(self._pids()) > before)
        return self._pids()[-1]

    def _pids(self) -> list[int]:
        return [int(line) for line in self.lines() if line.isdecimal()]

    def lines(self) -> list[str]:
        return self.output.read_text().rpartition("\n")[0].splitlines()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@contextmanager
def nursery(code: str, argument: Path, output: Path, **environment: str) -> Iterator[Nursery]:
    made = Nursery(code, argument, output, **environment)
    try:
        yield made
    finally:
        made.close()


async def kill_again_and_again(kin: Nursery, times: int, longest: float, draw: random.Random) -> None:
    for _ in range(times):
        pid = await kin.start()
        await asyncio.sleep(draw.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        await gone(pid)


async def gone(pid: int) -> None:
    process = Path(f"/proc/{pid}")
    await until(lambda: not process.exists())


async def until(ready: Callable[[], bool]) -> None:
    for _ in range(30_000):
        if ready():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("a minute was not enough")


async def test_what_was_answered_is_stored_once_and_counted_however_often_both_are_killed(
    tmp_path: Path,
) -> None:
    draw = random.Random(20261122)
    spool, message = tmp_path / "spool", tmp_path / "message"
    spool.mkdir()
    with s3_server(tmp_path) as s3:
        settings = tmp_path / "settings.json"
        settings.write_text(
            settings_json(
                ServerSettings(
                    identity=BOT,
                    revision="0123456789ab",
                    collection=CollectionSettings(store=s3.settings, spool=SpoolSettings(directory=spool)),
                )
            )
        )
        environment = {"POD_UID": "pod-uid", "FLOW_TERMINATION_LOG": str(message), "TMPDIR": str(tmp_path)}
        with (
            nursery(WRITE, spool, tmp_path / "written") as writers,
            nursery(COLLECT, settings, tmp_path / "collected", **environment) as collectors,
        ):
            await asyncio.gather(
                kill_again_and_again(writers, WRITER_KILLS, 0.25, draw),
                kill_again_and_again(collectors, COLLECTOR_KILLS, 0.12, draw),
            )
            last = await collectors.start()
            await asyncio.sleep(0.3)
            os.kill(last, signal.SIGTERM)
            await gone(last)
            answered = [line for line in writers.lines() if "-" in line]
        keys, stored = await everything(s3.settings)
    assert len(stored) == len(set(stored))
    assert set(answered) <= set(stored)
    assert len(stored) - len(answered) <= WRITER_KILLS
    assert gaps(keys) == ()
    assert min(key.number for key in keys) == 1
    said = Undelivered.model_validate_json(message.read_bytes())
    assert said.counts is not None
    assert (said.records, said.counts.dropped) == (0, {})
    assert said.counts.stored == len(stored)
    assert said.counts.captured == said.counts.stored + said.counts.lost
    assert answered


async def everything(settings: StoreSettings) -> tuple[list[SegmentKey], list[str]]:
    """All objects and all ids in them; each object has the rows that its name says."""
    store = Store.open(settings)
    keys = [key for name in await store.list("default") if (key := parse_segment_key(name))]
    ids: list[str] = []
    for key in keys:
        lines = gzip.decompress(await store.get(str(key))).splitlines()
        assert len(lines) == key.rows
        ids += [json.loads(line)["id"] for line in lines]
    return keys, ids
