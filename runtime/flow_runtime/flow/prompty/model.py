"""The `model` of a prompty: its API, configuration and parameters, as far as they can be checked unasked."""

from collections.abc import Collection, Mapping
from typing import Any

from flow_runtime.flow.errors import FlowDefinitionError, InvalidConnectionError
from flow_runtime.flow.findings import Findings

CHAT, COMPLETION = "chat", "completion"
NOT_FIELDS = ("azure_deployment", "model", "type", "connection", "name")
"""Keys of a configuration that are no field of a connection."""


def read_model(front: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Check the model of a front matter. Raises FlowLoadError."""
    model = front.get("model")
    if model is None:
        return {}
    if not isinstance(model, dict):
        raise FlowDefinitionError(
            f"{file}: model must be a mapping, not {type(model).__name__}", ("model",), "AttributeError"
        )
    findings = Findings()
    if (api := model.get("api") or CHAT) not in (CHAT, COMPLETION):
        findings.add(
            FlowDefinitionError(
                f"{file}: model.api must be chat or completion, not {api!r}", ("model", "api")
            )
        )
    with findings.keep(at=("model", "configuration")):
        _check_configuration(model.get("configuration"), file)
    parameters = model.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        findings.add(
            FlowDefinitionError(
                f"{file}: model.parameters must be a mapping, not {type(parameters).__name__}",
                ("model", "parameters"),
            )
        )
    findings.settle()
    return model


def check_complete(written: Collection[str], file: str) -> None:
    """Refuse a model without what promptflow wants written, be it empty. Raises FlowDefinitionError."""
    findings = Findings()
    for key in ("configuration", "parameters"):
        if key not in written:
            findings.add(
                FlowDefinitionError(
                    f"{file}: model.{key} is missing: add it, or write {key}: {{}}", ("model",), "TypeError"
                )
            )
    findings.settle()


def _check_configuration(configuration: Any, file: str) -> None:
    if isinstance(configuration, str | int | float | list):
        raise FlowDefinitionError(f"{file}: model.configuration must be a mapping")
    if not isinstance(configuration, dict) or not configuration.get("connection"):
        return
    if said := sorted(key for key, value in configuration.items() if value and key not in NOT_FIELDS):
        raise InvalidConnectionError(
            f"{file}: model.configuration names a connection and {', '.join(map(str, said))}: "
            "keep one of both"
        )
