"""Where in a flow's files an error of it is: the file, and the line where one can be known."""

import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import yaml

from flow_runtime.cli.folder import DEFINITIONS, PROMPTY
from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.yaml12 import compose

_LINE = re.compile(r"([\w./-]+\.\w+)\b.{0,40}?\bline (\d+)")
_FRONT = re.compile(rb"^-{3,}[ \t]*\r?\n(.*?)^-{3,}[ \t]*\r?\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A file of the flow, seen from its folder, and a line of it, counted from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def text(self, directory: Path) -> str:
        """Read the line itself; empty where there is none to be read."""
        try:
            lines = (directory / self.file).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        return lines[self.line - 1].strip() if self.line and self.line <= len(lines) else ""


def place_of(error: FlowLoadError, directory: Path) -> Place | None:
    """Find the place of an error in a flow's folder; None when the flow has no definition at all."""
    for cause in _causes(error):
        if place := _place_of_cause(cause, directory):
            return place
    for file, line in _LINE.findall(str(error)):
        if found := _find(file, directory):
            return Place(found, int(line))
    definition = _definition(directory)
    return Place(definition, _line(error.at, directory / definition)) if definition else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _place_of_cause(cause: BaseException, directory: Path) -> Place | None:
    if isinstance(cause, SyntaxError) and cause.filename:
        return _inside(Path(cause.filename), cause.lineno, directory)
    if isinstance(cause, jinja2.TemplateSyntaxError) and cause.name:
        found = _find(Path(cause.name).name, directory)
        return Place(found, cause.lineno) if found else None
    frames = traceback.extract_tb(cause.__traceback__)
    places = (_inside(Path(frame.filename), frame.lineno, directory) for frame in reversed(frames))
    return next((place for place in places if place), None)


def _find(name: str, directory: Path) -> str | None:
    """Find a file by the name or path that an error gives it."""
    if (directory / name).is_file():
        return name
    found = next((path for path in sorted(directory.rglob(Path(name).name)) if path.is_file()), None)
    return str(found.relative_to(directory)) if found else None


def _inside(file: Path, line: int | None, directory: Path) -> Place | None:
    if not file.is_file():  # "<unknown>", as templates say
        return None
    try:
        return Place(str(file.resolve().relative_to(directory.resolve())), line)
    except ValueError:
        return None


def _definition(directory: Path) -> str | None:
    files = [name for name in DEFINITIONS if (directory / name).is_file()]
    files += sorted(path.name for path in directory.glob(f"*{PROMPTY}"))
    return files[0] if files else None


def _line(path: Sequence[str], file: Path) -> int | None:
    """Find the line of a key in a definition, or of the last one on the way there that is written."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    above = 0
    if file.suffix == PROMPTY:
        front = _FRONT.search(content)
        if front is None:
            return None
        content, above = front[1], content.count(b"\n", 0, front.start(1))
    line = _walk(compose(content), path) if path else None
    return line + above if line is not None else None


def _walk(node: yaml.Node | None, path: Sequence[str]) -> int | None:
    """Follow keys, and in lists places or names, as far as they are there."""
    line = None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode):
            items = [item for at, item in enumerate(node.value) if str(at) == step or _name(item) == step]
            if not items:
                break
            node = items[0]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _name(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "name"), None)
