# ruff: noqa: N818 - the names are promptflow's
"""What can be wrong with a flex flow besides what can be wrong with any."""

from flow_runtime.flow.errors import FlowLoadError, ToolExecutionError


class InvalidFlexFlowEntry(FlowLoadError):
    """The entry is not `<module>:<function or class>`."""


class FlowEntryInitializationError(FlowLoadError):
    """The entry's class cannot be made of its init values."""


class GenerateFlowMetaJsonError(FlowLoadError):
    """What the entry takes and gives cannot be described."""


class ScriptExecutionError(ToolExecutionError):
    """The entry raised."""
