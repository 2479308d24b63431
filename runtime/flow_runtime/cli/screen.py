"""What people see: marks and colours on a terminal, plain text elsewhere.

Results go to stdout, everything else to stderr.
"""

import json
import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

QUOTE = "| "
"""What a line of a file begins with."""
RED, GREEN, BOLD, DIM = "31", "32", "1", "2"


class Problem(Exception):  # noqa: N818 - it is told, not raised at people
    """The command cannot begin: what is wrong, and what to do."""


class Screen:
    """The two streams of a command."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err

    def result(self, value: Any) -> None:
        """Print a result as JSON, readable on a terminal and in one line elsewhere."""
        indent = 2 if self._out.isatty() else None
        self._print(self._out, json.dumps(value, ensure_ascii=False, indent=indent, default=str))

    def fine(self, text: str, *details: str) -> None:
        """Say that something went well."""
        self._print(self._err, f"{self._paint('✓', GREEN)} {plain(text)}", *self._indented(details))

    def failed(self, title: str, *details: str, aside: str = "") -> None:
        """Say that something went wrong: a title, something beside it, and what to know about it."""
        head = f"{self._paint('✗', RED)} {self._paint(plain(title), BOLD)}"
        beside = f" {self._paint(f'({plain(aside)})', DIM)}" if aside else ""
        self._print(self._err, head + beside, *self._indented(details))

    def note(self, text: str) -> None:
        """Say something by the way."""
        self._print(self._err, self._paint(plain(text), DIM))

    def progress(self, text: str) -> None:
        """Say what is going on, to a person only."""
        if self._err.isatty():
            self.note(text)

    def problem(self, problem: Problem) -> None:
        """Say why a command cannot begin."""
        self._print(self._err, f"flowop: {plain(str(problem))}")

    def _indented(self, details: Iterable[str]) -> Iterator[str]:
        """Indent lines: on a terminal, texts are wrapped to its width, and lines of files (`| `) are cut."""
        width = max(40, shutil.get_terminal_size().columns)
        for detail in map(plain, details):
            if not self._err.isatty():
                yield f"  {detail}"
            elif detail.lstrip().startswith(QUOTE):
                yield f"  {detail}"[:width]
            else:
                yield from textwrap.wrap(
                    detail,
                    width,
                    initial_indent="  ",
                    subsequent_indent="  ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )

    def _paint(self, text: str, colour: str) -> str:
        return painted(self._err, text, colour)

    def _print(self, stream: TextIO, *lines: str) -> None:
        put(stream, *lines)
        stream.flush()


def painted(stream: TextIO, text: str, colour: str) -> str:
    """Colour a text, if the stream shows colours and nobody asked for none (no-color.org)."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def put(stream: TextIO, *lines: str) -> None:
    """Write lines; a terminal gets them at once, and a stream of few letters what it has for others."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    text = "".join(f"{line}\n" for line in lines)
    stream.write(text.encode(encoding, "replace").decode(encoding))
    if stream.isatty():
        stream.flush()


def plain(text: str) -> str:
    """Take out what would steer a terminal: names and messages are a flow's, and may be hostile."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)
