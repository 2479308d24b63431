"""Show steps as they go: seconds and a title, in the manner of hack/cluster. Knows nothing of what is done.

On a terminal the running step is redrawn in place; elsewhere it gets a line now and then, so that a log tells
that something still moves.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

QUIET_SECONDS = 10
"""How long a running step may go without a line where there is no terminal."""
REDRAW_SECONDS = 0.2
_MARKS = "|/-\\"


class DemoError(Exception):
    """Something went wrong that the reader can act on: what it is, and what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Step:
    """A step under way; `note` says how far it is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.started = time.monotonic()
        self._ended = threading.Event()

    def line(self) -> str:
        """Seconds, title, note."""
        seconds = f"{time.monotonic() - self.started:.1f} s"
        return f"  {seconds:>8}  {self.title}{f': {self.note}' if self.note else ''}"

    def run(self) -> None:
        """Redraw until the step ends; the body of its thread."""
        if sys.stdout.isatty():
            turn = 0
            while not self._ended.wait(REDRAW_SECONDS):
                print(f"\r\033[K{self.line()} {_MARKS[turn % 4]}", end="", flush=True)
                turn += 1
        else:
            while not self._ended.wait(QUIET_SECONDS):
                print(f"{self.line()} …", flush=True)

    def end(self) -> None:
        """Stop redrawing and clear what was drawn."""
        self._ended.set()


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Show a step while the block runs; its last line stays, also when the block fails."""
    current = Step(title)
    drawing = threading.Thread(target=current.run, daemon=True)
    drawing.start()
    failed = True
    try:
        yield current
        failed = False
    finally:
        current.end()
        drawing.join()
        clear = "\r\033[K" if sys.stdout.isatty() else ""
        print(f"{clear}{current.line()}{'  FAILED' if failed else ''}", flush=True)


def heading(text: str) -> None:
    """Set a part of the output apart."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


def fail(error: DemoError) -> int:
    """Say what went wrong and what to do; returns the exit code."""
    print(f"FAILED: {error}", file=sys.stderr)
    if error.advice:
        print(f"  what to do: {error.advice}", file=sys.stderr)
    return 1
