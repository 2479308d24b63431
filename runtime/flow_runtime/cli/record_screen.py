"""Where records go: rows to stdout, what is missing and how far it is to stderr."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from flow_runtime.cli.record_line import HEAD, escaped, feedback_line, record_line
from flow_runtime.cli.screen import DIM, RED, painted, plain, put
from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.reading.reader import Progress
from flow_runtime.reading.rows import Row

PATIENCE, REFRESH = 2.0, 0.25
WIDE = 240
"""Columns where there is no screen to ask."""
_ERASE = "\r\x1b[K"


class RecordScreen:
    """The streams of `flowop records`."""

    def __init__(
        self, out: TextIO, err: TextIO, as_json: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out, self._err = out, err
        self._json = as_json
        self._clock = clock
        self._next = clock() + PATIENCE
        self._drawn = self._several = False
        self._width = shutil.get_terminal_size((WIDE, 24)).columns
        self.told = 0
        """What could not be shown, as far as it was told."""

    def begin(self, *, several: bool) -> None:
        """Say what columns mean, to people."""
        self._several = several
        if self._out.isatty() and not self._json:
            put(self._out, painted(self._out, HEAD, DIM))

    def record(self, row: Row[Record], said: Sequence[Row[Feedback]]) -> None:
        """Show a record with what was said of it."""
        self.clear()
        if self._json:
            self._raw(row.line, *(each.line for each in said))
        else:
            put(
                self._out,
                record_line(row, self._width, self._paint, self._several),
                *(feedback_line(each, self._width, self._paint) for each in said),
            )

    def alone(self, row: Row[Feedback]) -> None:
        """Show feedback whose record is not among those that were shown."""
        self.clear()
        if self._json:
            self._raw(row.line)
        else:
            put(self._out, feedback_line(row, self._width, self._paint, alone=True))

    def tell(self, text: str) -> None:
        """Say what cannot be shown."""
        self.clear()
        self.told += 1
        put(self._err, f"{painted(self._err, '!', RED)} {plain(text)}")

    def progress(self, progress: Progress) -> None:
        """Say how far it is, to people who have been waiting for some time."""
        if self._err.isatty() and self._clock() >= self._next:
            self._next = self._clock() + REFRESH
            self._drawn = True
            text = f"{progress.objects} of {progress.found} objects, {progress.rows} rows read"
            self._err.write(_ERASE + painted(self._err, text, DIM))
            self._err.flush()

    def clear(self) -> None:
        """Take the line of progress away."""
        if self._drawn:
            self._drawn = False
            self._err.write(_ERASE)
            self._err.flush()

    def _raw(self, *lines: bytes) -> None:
        """Write lines as they are stored; on a terminal, what would steer it is written as JSON can."""
        if self._out.isatty():
            put(self._out, *(escaped(line.decode("utf-8", "replace")) for line in lines))
        else:
            self._out.buffer.writelines(line + b"\n" for line in lines)

    def _paint(self, text: str, colour: str) -> str:
        return painted(self._out, text, colour)
