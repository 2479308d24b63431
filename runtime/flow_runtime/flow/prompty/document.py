"""A .prompty file: front matter with its references resolved, and the template. Reads files only."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow_runtime.flow.errors import (
    ChatAPIInvalidRole,
    FlowDefinitionError,
    FlowLoadError,
    InvalidSource,
    UserErrorException,
    YAMLError,
)
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.prompty.errors import InvalidSampleError
from flow_runtime.flow.prompty.model import CHAT, read_model
from flow_runtime.flow.yaml12 import parse_yaml

_FENCE = re.compile(r"^-{3,}[ \t]*\n", re.MULTILINE)
_ROLE = re.compile(r"(system|user|assistant|function|tool)\W*(:|\}\}|%\}|[\"'])|\}\}\s*:", re.IGNORECASE)
"""A role, or what may become one: a word in quotes, or a variable before a colon."""
_REFERENCE = re.compile(r"\$\{(env|file):(.*)\}", re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A prompty. `first`: the answer's first choice is wanted, and not the API's whole answer."""

    name: str
    path: Path
    template: str
    api: str = CHAT
    configuration: Any = field(default_factory=dict, repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    written: frozenset[str] = frozenset()
    """The keys of its model that are there."""
    first: bool = True
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)


def read_document(path: Path, overrides: Mapping[str, Any] | None = None) -> Document:
    """Read a prompty; `overrides` are merged into its front matter.

    Raises FlowLoadError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidSource(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FlowDefinitionError(
            f"{path.name} is not UTF-8 text: save it as UTF-8", upstream="UnicodeDecodeError"
        ) from None
    return parse_document(text, path, overrides)


def parse_document(text: str, path: Path, overrides: Mapping[str, Any] | None = None) -> Document:
    """Parse a prompty's text; `path` is what its references are relative to."""
    front, template = split(text, path.name)
    front = merge(resolve(front, path.parent), resolve(dict(overrides or {}), path.parent))
    findings, file = Findings(), path.name
    model: dict[str, Any] = {}
    inputs: dict[str, dict[str, Any]] = {}
    outputs: dict[str, Any] = {}
    sample: dict[str, Any] = {}
    with findings.keep():
        model = read_model(front, file)
    with findings.keep():
        inputs = _fields(front, "inputs", file)
    with findings.keep():
        outputs = _mapping(front, "outputs", file)
    with findings.keep(at=("sample",)):
        sample = load_sample(front.get("sample"), path.parent, file)
    findings.settle()
    return Document(
        name=str(front.get("name") or path.stem),
        path=path,
        template=template,
        api=model.get("api") or CHAT,
        configuration=model.get("configuration") or {},
        parameters=model.get("parameters") or {},
        written=frozenset(model),
        first=model.get("response") != "all",
        inputs=inputs,
        outputs=outputs,
        sample=sample,
    )


def split(text: str, file: str) -> tuple[dict[str, Any], str]:
    """Part a prompty into front matter and template. Raises UserErrorException, FlowDefinitionError."""
    text = text.replace("\r\n", "\n")
    fences = _FENCE.finditer(text)
    begin, end = next(fences, None), next(fences, None)
    if begin is None or end is None:
        raise UserErrorException(
            f"{file} must begin with its front matter, YAML between two lines of '---'; its prompt follows"
        )
    before = text.count("\n", 0, begin.end())
    try:
        front = parse_yaml(text[begin.end() : end.start()].encode(), file, before)
    except YAMLError as error:  # promptflow parses front matter itself, and has no name of its own
        raise YAMLError(str(error), upstream=type(error.__cause__).__name__) from error.__cause__
    if not isinstance(front, dict):
        raise FlowDefinitionError(
            f"{file}: the front matter must be a mapping with model and inputs", upstream="AttributeError"
        )
    return front, text[end.end() :]


def check_roles(document: Document) -> None:
    """Refuse a chat's prompt that can begin no message, whatever its inputs are: each request would fail.

    Not when it is loaded, as upstream. Raises ChatAPIInvalidRole.
    """
    if document.api == CHAT and not _ROLE.search(document.template):
        raise ChatAPIInvalidRole(
            f"{document.path.name}: the prompt has no role: begin a message with a line of its own, "
            "such as system: or user:"
        )


def resolve(value: Any, directory: Path) -> Any:
    """Replace whole values `${env:NAME}` and `${file:path}`, however deep.

    A variable that is not there stays as it is written; a file that is not there is a UserErrorException.
    """
    if isinstance(value, str):
        found = _REFERENCE.fullmatch(value)
        if found is None:
            return value
        return os.environ.get(found[2], value) if found[1] == "env" else _file(found[2], directory)
    if isinstance(value, list):
        return [resolve(item, directory) for item in value]
    if isinstance(value, dict):
        findings, resolved = Findings(), {}
        for key, item in value.items():
            with findings.keep(under=str(key)):
                resolved[key] = resolve(item, directory)
        findings.settle()
        return resolved
    return value


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, key by key at every depth."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old if isinstance(old, dict) else {}, value) if isinstance(value, dict) else value
    return merged


def load_sample(sample: Any, directory: Path, file: str) -> dict[str, Any]:
    """Take a sample: a mapping, or the name of a JSON file with one. Raises FlowLoadError."""
    if not sample:
        return {}
    if isinstance(sample, str) and sample.endswith(".json"):
        try:
            sample = _file(sample.removeprefix("file:"), directory)
        except FlowLoadError as error:
            raise InvalidSampleError(f"{file}: sample: {error}") from error
    if not isinstance(sample, dict):
        raise InvalidSampleError(f"{file}: sample must be a mapping or the name of a JSON file with one")
    return sample


def _file(name: str, directory: Path) -> Any:
    path = directory / name
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == ".json":
            return json.loads(text)
        return parse_yaml(text.encode(), name) if path.suffix.lower() in (".yml", ".yaml") else text
    except OSError:
        raise UserErrorException(
            f"there is no file {name} in the flow's folder: add it, or name another"
        ) from None
    except (ValueError, RecursionError) as error:
        raise FlowDefinitionError(f"{name} cannot be read: {type(error).__name__}") from None


def _mapping(front: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    value = front.get(key)
    if value is not None and not isinstance(value, dict):
        raise FlowDefinitionError(
            f"{file}: {key} must be a mapping, not {type(value).__name__}", (key,), "AttributeError"
        )
    return value or {}


def _fields(front: Mapping[str, Any], key: str, file: str) -> dict[str, dict[str, Any]]:
    """Take inputs; one that is written short, `name: string`, has only its type."""
    found = {}
    for name, value in _mapping(front, key, file).items():
        if not isinstance(value, dict | str):
            raise FlowDefinitionError(f"{file}: {key}.{name} must be a mapping with a type", (key, name))
        found[str(name)] = {"type": value} if isinstance(value, str) else value
    return found
