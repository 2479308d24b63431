"""flow.flex.yaml: what is written in it, with the sample and the init values that go with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flow_runtime.flow.errors import FlowDefinitionError, UnsupportedFeature
from flow_runtime.flow.flex.errors import FlowEntryInitializationError, InvalidFlexFlowEntry
from flow_runtime.flow.model import FlowInput, FlowOutput
from flow_runtime.flow.prompty.document import load_sample, resolve
from flow_runtime.flow.read import field_problem, parse_yaml
from flow_runtime.flow.signature import kind_of

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


def read_definition(path: Path, environ: Mapping[str, str]) -> Definition:
    """Read a flex flow's YAML. Raises FlowLoadError."""
    return parse_definition(path.read_bytes(), path, environ)


def parse_definition(content: bytes, path: Path, environ: Mapping[str, str]) -> Definition:
    """Parse a flex flow's YAML; `path` is what its sample is relative to."""
    data = parse_yaml(content, path.name)
    if not isinstance(data, dict):
        raise FlowDefinitionError(f"{path.name} must be a mapping with entry")
    language = data.get("language") or "python"
    if language != "python":
        raise UnsupportedFeature(f"flows in {language} are not supported")
    module, entry = _entry(data.get("entry"), path.name)
    sample = load_sample(resolve(data.get("sample"), path.parent), path.parent, path.name)
    defaults = {
        name: each["default"]
        for name, each in _mapping(data, "init", path.name).items()
        if isinstance(each, dict) and each.get("default") not in (None, "")
    }
    return Definition(
        module=module,
        entry=entry,
        inputs=_fields(data, "inputs", FlowInput, path.name),
        outputs=_fields(data, "outputs", FlowOutput, path.name),
        init=defaults | _init_values(environ, sample, path.name),
        sample=_mapping(sample, "inputs", path.name),
        environment=_mapping(data, "environment_variables", path.name),
        code=str(data.get("code") or "."),
    )


def _entry(entry: Any, file: str) -> tuple[str, str]:
    module, colon, name = str(entry or "").partition(":")
    if not colon or not module.strip() or not name.strip() or ":" in name:
        raise InvalidFlexFlowEntry(
            f"{file}: entry must be <module>:<function or class>, as my_module:my_function, not {entry!r}"
        )
    return module.strip(), name.strip()


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
    fields = {}
    for name, written in _mapping(data, key, file).items():
        each = {"type": written} if isinstance(written, str) else written
        if not isinstance(each, dict):
            raise FlowDefinitionError(f"{file}: {key}.{name} must be a mapping with a type")
        default = None if each.get("default") == "" else each.get("default")
        try:
            fields[str(name)] = made.model_validate(
                {**each, "type": kind_of(each.get("type")), "default": default}
            )
        except ValidationError as error:
            raise FlowDefinitionError(f"{file}: {key}.{name}.{field_problem(error)}") from error
    return fields


def _mapping(data: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise FlowDefinitionError(f"{file}: {key} must be a mapping, not {type(value).__name__}")
    return value or {}
