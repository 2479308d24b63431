# ruff: noqa: N818 - the names are promptflow's
"""promptflow's exceptions, as far as user code raises and catches them."""

from enum import Enum
from typing import Any


class ErrorCategory(str, Enum):  # noqa: UP042 - its text is Python's of such a class
    """Whose fault it is."""

    USER_ERROR = "UserError"
    SYSTEM_ERROR = "SystemError"
    UNKNOWN = "Unknown"


class ErrorTarget(str, Enum):  # noqa: UP042 - as above
    """Where it happened."""

    EXECUTOR = "Executor"
    BATCH = "Batch"
    CORE = "Core"
    FLOW_EXECUTOR = "FlowExecutor"
    NODE_EXECUTOR = "NodeExecutor"
    TOOL = "Tool"
    RUNTIME = "Runtime"
    UNKNOWN = "Unknown"


class PromptflowException(Exception):
    """Base of all; the message is a text, or a format and its values."""

    def __init__(
        self, message: str = "", message_format: str = "", target: Any = ErrorTarget.UNKNOWN, **kwargs: Any
    ) -> None:
        self.target = target
        self.message = message or _filled(message_format, kwargs)
        super().__init__(self.message)


class UserErrorException(PromptflowException):
    """The user's fault."""


class SystemErrorException(PromptflowException):
    """Not the user's fault."""


class ValidationException(UserErrorException):
    """Something is not as it must be."""


class ToolValidationError(UserErrorException):
    """A tool's inputs are not as they must be."""


class LLMError(UserErrorException):
    """The LLM failed."""


class WrappedOpenAIError(UserErrorException):
    """The LLM refused."""


class ChatAPIInvalidRole(ToolValidationError):
    """A prompt is no chat."""


class InvalidConnectionType(ToolValidationError):
    """A connection is of a type that cannot serve."""


class MissingRequiredInputError(UserErrorException):
    """A prompty was called without an input that it needs."""


class InvalidConnectionError(UserErrorException):
    """A model's configuration names a connection and credentials as well."""


def _filled(form: str, values: dict[str, Any]) -> str:
    try:
        return form.format(**values)
    except (KeyError, IndexError, ValueError):
        return form
