# ruff: noqa: N818 - the names are promptflow's
"""Everything that can be wrong with a flow or with one run of it.

    FlowError
    ├── FlowLoadError        the flow's author: permanent, the flow is not served (promptflow's names)
    ├── InputError           the caller: the request's inputs do not fit the flow
    └── NodeError            one node failed while it ran; the cause is chained

The class name is what conditions, logs and tests call the error by.
"""

from collections.abc import Sequence


class FlowError(Exception):
    """Base of all; the message names the place and the fix."""

    @property
    def name(self) -> str:
        """The name that users see."""
        return type(self).__name__


class FlowLoadError(FlowError):
    """The flow cannot be served as it is written.

    `at` leads to the place in the flow's YAML: keys, and names or numbers of list items; empty when it is
    elsewhere or not known. `upstream` is what promptflow says where it has no name of its own for it.
    """

    def __init__(self, message: str, at: Sequence[str | int] = (), upstream: str = "") -> None:
        super().__init__(message)
        self.at = tuple(str(step) for step in at)
        self._upstream = upstream
        self.wrapped_in = ""
        """promptflow's class around this one, where it has one."""
        self.others: tuple[FlowLoadError, ...] = ()
        """What else is wrong with the flow."""

    @property
    def upstream(self) -> tuple[str, ...]:
        """promptflow's classes for it, outermost first."""
        return tuple(name for name in (self.wrapped_in, self._upstream or self.name) if name)

    @property
    def more(self) -> str:
        """What to add to the message where this error stands for all of the flow's."""
        number = len(self.others)
        return f" (and {number} more, which flowop validate lists)" if number else ""


class FlowDefinitionError(FlowLoadError):
    """A field of the flow's definition is wrong."""


class UserErrorException(FlowLoadError):
    """The flow's author made a mistake that promptflow has no closer name for."""


class ValidationException(FlowLoadError):
    """The folder holds more than one definition."""


class YAMLError(FlowLoadError):
    """A file is no valid YAML."""


class InvalidMessageFormatType(FlowLoadError):
    """The flow's images are of a form that there is not."""


class DuplicateNodeName(FlowLoadError):
    """Two nodes have the same name."""


class InputReferenceNotFound(FlowLoadError):
    """A reference names a flow input that does not exist."""


class NodeReferenceNotFound(FlowLoadError):
    """A node refers to a node that does not exist."""


class InvalidNodeReference(FlowLoadError):
    """A node refers to a node that it may not use, or to something else than its output."""


class NodeCircularDependency(FlowLoadError):
    """Nodes wait for each other in a circle."""


class OutputReferenceNotFound(FlowLoadError):
    """A flow output refers to a node or input that does not exist."""


class EmptyOutputReference(FlowLoadError):
    """A flow output has no reference."""


class NodeInputValidationError(FlowLoadError):
    """A node's inputs do not fit its tool or its template."""


class InvalidSource(FlowLoadError):
    """The flow's files, or the file of a node, are missing or unusable."""


class PythonLoadError(FlowLoadError):
    """The Python file of a node cannot be imported."""


class PythonLoaderNotFound(PythonLoadError):
    """The file of a Python node is no Python file."""


class NoToolDefined(FlowLoadError):
    """The Python file of a node has no function with @tool."""


class MultipleToolsDefined(FlowLoadError):
    """The Python file of a node has more than one function with @tool."""


class TemplateSyntaxError(FlowLoadError):
    """A prompt is not valid Jinja2."""


class TemplateAssertionError(TemplateSyntaxError):
    """A prompt uses a filter or a test that there is not."""


class ChatAPIInvalidFunctions(FlowLoadError):
    """The functions that are offered to a model are none."""


class ChatAPIInvalidTools(FlowLoadError):
    """The tools that are offered to a model are none."""


class ChatAPIInvalidRole(FlowLoadError):
    """A prompt for a chat begins no message."""


class APINotFound(FlowLoadError):
    """An llm node names an API that there is not."""


class PackageToolNotFoundError(FlowLoadError):
    """A node names a tool that no installed package has."""


class ToolLoadError(FlowLoadError):
    """The class of a tool cannot be made."""


class MissingRequiredInputs(FlowLoadError):
    """A node does not give what the class of its tool needs."""


class InputTypeMismatch(FlowLoadError):
    """An input of a tool's class is a reference, and must be a literal."""


class InvalidCustomLLMTool(FlowLoadError):
    """A custom_llm node's tool takes no prompt."""


class GetConnectionError(FlowLoadError):
    """A node names a connection that the deployment does not list."""


class InvalidConnectionType(FlowLoadError):
    """A node uses a connection of a type that cannot serve it."""


class UnknownConnectionType(FlowLoadError):
    """A model's configuration is of a type that has no LLM."""


class InvalidConnectionError(FlowLoadError):
    """A model's configuration names a connection and says what connections say, too."""


class UnsupportedFeature(FlowLoadError):
    """The flow uses a part of the dialect that this release does not run."""


class InputError(FlowError):
    """The request's inputs do not fit the flow."""


class InputNotFound(InputError):
    """An input without a default is missing."""


class InputTypeError(InputError):
    """An input has a value that cannot be converted to its type."""


class InvalidImageInput(InputError):
    """An image cannot be read or must not be fetched."""


class NodeError(FlowError):
    """A node failed. `node` is its name."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(message)
        self.node = node


class ToolExecutionError(NodeError):
    """The Python function of a node raised."""


class PromptError(NodeError):
    """A prompt could not be rendered, or is no chat."""


class OutputReferenceError(NodeError):
    """A reference asks for a part that the output of a node does not have."""


class LLMNodeError(NodeError):
    """The LLM of a node failed; the cause says how."""
