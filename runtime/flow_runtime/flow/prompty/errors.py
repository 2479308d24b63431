"""What can be wrong with a prompty besides what can be wrong with any flow."""

from flow_runtime.flow.errors import FlowLoadError


class InvalidSampleError(FlowLoadError):
    """The sample is neither a mapping nor the name of a JSON file with one."""
