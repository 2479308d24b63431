# ruff: noqa: N818 - the names are promptflow's
"""What can be wrong with a prompty besides what can be wrong with any flow."""

from flow_runtime.flow.errors import FlowLoadError


class UserErrorException(FlowLoadError):
    """The file is no prompty, or refers to a file that is not there: promptflow has no closer name for it."""


class InvalidSampleError(FlowLoadError):
    """The sample is neither a mapping nor the name of a JSON file with one."""
