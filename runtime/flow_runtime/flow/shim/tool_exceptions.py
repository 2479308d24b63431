# ruff: noqa: N818 - the names are promptflow's
"""promptflow-tools' exceptions of single tools, as far as user code raises and catches them."""

from flow_runtime.flow.shim.exceptions import (
    SystemErrorException,
    ToolValidationError,
    UserErrorException,
    WrappedOpenAIError,
)


class ExceedMaxRetryTimes(WrappedOpenAIError):
    """The LLM was asked too often."""


class JinjaTemplateError(ToolValidationError):
    """A prompt cannot be rendered."""


class ChatAPIFunctionRoleInvalidFormat(ToolValidationError):
    """A function message lacks its parts."""


class ChatAPIToolRoleInvalidFormat(ToolValidationError):
    """A tool message lacks its parts."""


class ChatAPIInvalidFunctions(ToolValidationError):
    """Functions are not as they must be."""


class ChatAPIInvalidTools(ToolValidationError):
    """Tools are not as they must be."""


class FunctionCallNotSupportedInStreamMode(ToolValidationError):
    """A stream has no calls of functions."""


class SerpAPISystemError(SystemErrorException):
    """SerpAPI failed."""


class SerpAPIUserError(UserErrorException):
    """SerpAPI refused."""


class OpenModelLLMOnlineEndpointError(UserErrorException):
    """An endpoint failed or refused."""


class OpenModelLLMUserError(UserErrorException):
    """An endpoint cannot be found, or a prompt is no chat."""


class OpenModelLLMKeyValidationError(ToolValidationError):
    """A connection lacks what an endpoint needs."""


class AzureContentSafetyInputValueError(UserErrorException):
    """A sensitivity that there is not."""


class AzureContentSafetySystemError(SystemErrorException):
    """The service failed or refused."""


class ListDeploymentsError(UserErrorException):
    """Deployments cannot be listed."""


class ParseConnectionError(ListDeploymentsError):
    """A connection's resource cannot be read."""
