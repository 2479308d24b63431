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

_NODE = re.compile(r"node '([^']+)'|^nodes [^']*'([^']+)'")
_INPUT = re.compile(r"(?:input |parameter |variable |: )'([^']+)'")
_OUTPUT = re.compile(r"output '([^']+)'")
_PATH = re.compile(r"\b(?:inputs|outputs|nodes|node_variants|environment_variables)(?:\.[\w-]+)+")
_LINE = re.compile(r"([\w./-]+\.\w+)\b.{0,40}?\bline (\d+)")
_FIELDS = {
    "InvalidSource": "source",
    "GetConnectionError": "connection",
    "InvalidConnectionType": "connection",
}


@dataclass(frozen=True)
class Place:
    """A file of the flow, seen from its folder, and a line of it, counted from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


def place_of(error: FlowLoadError, directory: Path) -> Place | None:
    """Find the place of an error in a flow's folder; None when the flow has no definition at all."""
    for cause in _causes(error):
        if place := _place_of_cause(cause, directory):
            return place
    for file, line in _LINE.findall(str(error)):
        if (directory / file).is_file():
            return Place(file, int(line))
    definition = _definition(directory)
    return Place(definition, _line(error, directory / definition)) if definition else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _place_of_cause(cause: BaseException, directory: Path) -> Place | None:
    if isinstance(cause, SyntaxError) and cause.filename:
        return _inside(Path(cause.filename), cause.lineno, directory)
    if isinstance(cause, jinja2.TemplateSyntaxError) and cause.name:
        found = next((p for p in directory.rglob(Path(cause.name).name)), None)
        return _inside(found, cause.lineno, directory) if found else None
    frames = traceback.extract_tb(cause.__traceback__)
    places = (_inside(Path(frame.filename), frame.lineno, directory) for frame in reversed(frames))
    return next((place for place in places if place), None)


def _inside(file: Path, line: int | None, directory: Path) -> Place | None:
    try:
        return Place(str(file.resolve().relative_to(directory.resolve())), line)
    except ValueError:
        return None


def _definition(directory: Path) -> str | None:
    files = [name for name in DEFINITIONS if (directory / name).is_file()]
    files += sorted(path.name for path in directory.glob(f"*{PROMPTY}"))
    return files[0] if files else None


def _line(error: FlowLoadError, file: Path) -> int | None:
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    lines = (_walk(root, path) for path in _paths(error))
    return max((line for line in lines if line is not None), default=None)


def _paths(error: FlowLoadError) -> Iterator[Sequence[str]]:
    """Guess from an error's words what it is about; what is not there is passed over."""
    message = str(error)
    if path := _PATH.search(message):
        yield path[0].split(".")
    if output := _OUTPUT.match(message):
        yield ("outputs", output[1])
    if node := _NODE.search(message):
        name = node[1] or node[2]
        yield ("nodes", name)
        if field := _FIELDS.get(error.name):
            yield ("nodes", name, field)
        for named in _INPUT.findall(message.replace(node[0], "", 1)):
            yield ("nodes", name, "inputs", named)


def _walk(node: yaml.Node | None, path: Sequence[str]) -> int | None:
    """Follow keys, and in lists places or names; None unless all of the path is there."""
    line = None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                return None
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode):
            items = [item for at, item in enumerate(node.value) if str(at) == step or _name(item) == step]
            if not items:
                return None
            node = items[-1]
            line = node.start_mark.line + 1
        else:
            return None
    return line


def _name(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "name"), None)
