"""flow.flex.yaml: what is written in it, with the sample and the init values that go with it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flow_runtime.flow.errors import FlowDefinitionError, UserErrorException
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.flex.errors import FlowEntryInitializationError, InvalidFlexFlowEntry
from flow_runtime.flow.model import FlowInput, FlowOutput
from flow_runtime.flow.prompty.document import load_sample, resolve
from flow_runtime.flow.read import field_problem
from flow_runtime.flow.signature import kind_of
from flow_runtime.flow.yaml12 import parse_yaml

INIT_VARIABLE = "PF_FLOW_INIT_CONFIG"


@dataclass(frozen=True)
class Definition:
    """A flex flow as it is written."""

    module: str
    entry: str
    inputs: Mapping[str, FlowInput] = field(default_factory=dict)
    outputs: Mapping[str, FlowOutput] = field(default_factory=dict)
    init: Mapping[str, Any] = field(default_factory=dict)
    """The values for the class's `__init__`, from the environment or the sample, with defaults."""
    sample: Mapping[str, Any] = field(default_factory=dict)
    """Stands in for inputs that a request does not have at all."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    code: str = "."
    """The folder with the modules, seen from the YAML."""


def parse_definition(
    content: bytes, path: Path, environ: Mapping[str, str], findings: Findings | None = None
) -> Definition:
    """Parse a flex flow's YAML; `path` is what its sample is relative to. Raises FlowLoadError.

    With `findings`, what is wrong is kept there and left out, as far as the rest makes sense.
    """
    data, file = parse_yaml(content, path.name), path.name
    if not isinstance(data, dict):
        raise FlowDefinitionError(f"{file} must be a mapping with entry", upstream="AttributeError")
    kept, module, entry = findings or Findings(), "", ""
    parts: dict[str, Any] = {}
    with kept.keep(at=("language",)):
        if (language := data.get("language") or "python") != "python":
            raise UserErrorException(f"{file}: flows in {language} are not supported")
    with kept.keep(at=("entry",)):
        module, entry = _entry(data.get("entry"), file)
    sample: dict[str, Any] = {}
    with kept.keep(at=("sample",)):
        sample = load_sample(resolve(data.get("sample"), path.parent), path.parent, file)
    for key, read in _PARTS.items():
        with kept.keep(at=(key,)):
            parts[key] = read(data, key, file)
    with kept.keep(at=("sample", "init")):
        parts["init"] = parts.get("init", {}) | _init_values(environ, sample, file)
    with kept.keep(at=("sample", "inputs")):
        parts["sample"] = _mapping(sample, "inputs", file)
    if findings is None:
        kept.settle()
    return Definition(module=module, entry=entry, code=str(data.get("code") or "."), **parts)


def _entry(entry: Any, file: str) -> tuple[str, str]:
    module, colon, name = str(entry or "").partition(":")
    if not colon or not module.strip() or not name.strip() or ":" in name:
        raise InvalidFlexFlowEntry(
            f"{file}: entry must be <module>:<function or class>, as my_module:my_function, not {entry!r}"
        )
    return module.strip(), name.strip()


def _inputs(data: Mapping[str, Any], key: str, file: str) -> dict[str, FlowInput]:
    return _fields(data, key, FlowInput, file)


def _outputs(data: Mapping[str, Any], key: str, file: str) -> dict[str, FlowOutput]:
    return _fields(data, key, FlowOutput, file)


def _environment(data: Mapping[str, Any], _: str, file: str) -> dict[str, Any]:
    return _mapping(data, "environment_variables", file)


def _defaults(data: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    return {
        name: each["default"]
        for name, each in _mapping(data, key, file).items()
        if isinstance(each, dict) and each.get("default") not in (None, "")
    }


_PARTS: Mapping[str, Callable[[Mapping[str, Any], str, str], dict[str, Any]]] = {
    "inputs": _inputs,
    "outputs": _outputs,
    "environment": _environment,
    "init": _defaults,
}
"""The sections of a definition that do not depend on each other."""


def _init_values(environ: Mapping[str, str], sample: Mapping[str, Any], file: str) -> dict[str, Any]:
    text = environ.get(INIT_VARIABLE, "")
    if not text:
        return _mapping(sample, "init", file)
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise FlowEntryInitializationError(
            f"{INIT_VARIABLE} must be a JSON object of the class's init values"
        )
    return values or _mapping(sample, "init", file)


def _fields(data: Mapping[str, Any], key: str, made: type[Any], file: str) -> dict[str, Any]:
    findings, fields = Findings(), {}
    for name, written in _mapping(data, key, file).items():
        with findings.keep(at=(key, str(name))):
            fields[str(name)] = _field(written, f"{key}.{name}", made, file)
    findings.settle()
    return fields


def _field(written: Any, place: str, made: type[Any], file: str) -> Any:
    each = {"type": written} if isinstance(written, str) else written
    if not isinstance(each, dict):
        raise FlowDefinitionError(f"{file}: {place} must be a mapping with a type")
    default = None if each.get("default") == "" else each.get("default")
    try:
        return made.model_validate({**each, "type": kind_of(each.get("type")), "default": default})
    except ValidationError as error:
        raise FlowDefinitionError(f"{file}: {place}.{field_problem(error)}") from error


def _mapping(data: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise FlowDefinitionError(f"{file}: {key} must be a mapping, not {type(value).__name__}")
    return value or {}
