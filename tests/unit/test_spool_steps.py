"""A server and a collector that die before each of their steps on the disk, one step after the other."""

import asyncio
import errno
import gzip
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from flow_runtime import spool
from flow_runtime.collector import loop
from flow_runtime.collector.last_words import LastWords
from flow_runtime.collector.loop import Collector
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.spool import SpoolWriter
from flow_runtime.store import Store
from flow_runtime.store.gaps import gaps
from flow_runtime.store.keys import parse_segment_key

BOT = Identity(namespace="shop", deployment="bot")
STEPS = ("open", "write", "pwrite", "rename", "replace", "unlink", "utime", "ftruncate")


class Killed(BaseException):
    """What ends here runs no handler of any error."""


class Life:
    """Calls of the operating system, up to the one that fails; none after it if the process died of it."""

    def __init__(self, patch: pytest.MonkeyPatch, steps: int, fault: BaseException) -> None:
        self._left = steps
        self._fault = fault
        self._open: set[int] = set()
        self._close = os.close
        for name in STEPS:
            patch.setattr(os, name, self._counted(getattr(os, name), name))
        patch.setattr(os, "close", self._closed)

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == -1 or self.dead:
                raise self._fault
            result = call(*arguments, **named)
            if name == "open":
                self._open.add(result)
            return result

        return step

    @property
    def failed(self) -> bool:
        return self._left < 0

    @property
    def dead(self) -> bool:
        return self.failed and isinstance(self._fault, Killed)

    def _closed(self, fd: int) -> None:
        if self.dead:
            raise self._fault
        self._open.discard(fd)
        self._close(fd)

    def bury(self) -> None:
        """Close what the dead process had open, as the kernel does."""
        for fd in self._open:
            self._close(fd)


def serve(directory: Path, answered: list[str]) -> None:
    writer = SpoolWriter(directory, size_mib=1)
    for number in range(5):
        if writer.append(b'{"id":"%d"}' % number):
            answered.append(str(number))
        if number == 2:
            writer.seal()
    writer.tick()
    writer.close()


def collect(directory: Path, store: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    words = LastWords(directory, directory / "feedback", lambda _: None)
    collector = Collector(
        directory,
        BOT,
        "uid",
        lambda: Store.open(StoreSettings(url=store.as_uri())),
        Policy,
        lambda *_, **__: None,
        last_words=words,
    )
    assert asyncio.run(collector.run(stop, 30))


class Books:
    """A spool, a store, and what went into the one and came out of the other."""

    def __init__(self, folder: Path) -> None:
        self.directory, self._store = folder / "spool", folder / "store"
        (self.directory / "feedback").mkdir(parents=True)
        self._store.mkdir()
        self.answered: list[str] = []

    def live(self, steps: int, fault: BaseException) -> bool:
        """Serve and collect until a step fails; tells whether one did."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "FIRST_DELAY", 0.001)
            life = Life(patch, steps, fault)
            try:
                self.go_on()
            except Killed:
                assert life.dead
            finally:
                life.bury()
        return life.failed

    def go_on(self) -> None:
        serve(self.directory, self.answered)
        collect(self.directory, self._store)

    def stored(self) -> int:
        """Rows in the store, which are what is counted, and without a gap."""
        objects = [path.relative_to(self._store).as_posix() for path in self._store.rglob("*.gz")]
        keys = [key for each in objects if (key := parse_segment_key(each))]
        rows = sum(len(gzip.decompress((self._store / each).read_bytes()).split()) for each in objects)
        state, counts = spool.read_collector_state(self.directory), spool.read_counts(self.directory)
        assert (state.stored, state.lost, counts.captured) == (rows, 0, rows)
        assert sum(key.rows for key in keys) == rows
        assert gaps(keys) == ()
        return rows


def test_wherever_both_die_each_answer_is_stored_once_and_counted_once(tmp_path: Path) -> None:
    for steps in count():
        books = Books(tmp_path / str(steps))
        died = books.live(steps, Killed())
        books.go_on()
        # The one that was in the middle of it may be there, too.
        assert books.stored() - len(books.answered) in ({0, 1} if died else {0})
        if not died:
            break
    assert steps > 20


def test_whichever_step_a_full_disk_refuses_each_answer_is_stored_or_dropped(tmp_path: Path) -> None:
    for steps in count():
        books = Books(tmp_path / str(steps))
        failed = books.live(steps, OSError(errno.ENOSPC, "No space left on device"))
        books.go_on()
        dropped = sum(spool.read_counts(books.directory).dropped.values())
        assert (books.stored(), dropped) == (len(books.answered), 10 - len(books.answered)), steps
        if not failed:
            break
    assert steps > 20
