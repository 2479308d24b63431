"""From a Python or custom_llm node as it is written to one that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.assignment import Assignment, Reference
from flow_runtime.flow.bound import Bound, Grant
from flow_runtime.flow.errors import (
    GetConnectionError,
    InputTypeMismatch,
    InvalidCustomLLMTool,
    MissingRequiredInputs,
    NodeInputValidationError,
    PackageToolNotFoundError,
    ToolLoadError,
)
from flow_runtime.flow.files import read_prompt, source_name, source_path
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.images import literal_image
from flow_runtime.flow.listed import not_listed
from flow_runtime.flow.model import Node, ValueType
from flow_runtime.flow.package import load_package_tool
from flow_runtime.flow.python_node import PythonNode
from flow_runtime.flow.references import InputReference
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.flow.template import check_words, variables_of
from flow_runtime.flow.tool import PythonTool, load_tool
from flow_runtime.llm.connection_services import CLASSES
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import clean

TO_ESCAPE = "_inputs_to_escape"
"""The argument by which promptflow tells a custom_llm tool which inputs come from the caller."""


class ToolBuilder:
    """Builds the nodes of one flow that call a tool; a file is imported once."""

    def __init__(
        self, directory: Path, connections: Mapping[str, ConnectionType] | None, message_format: str
    ) -> None:
        self._format = message_format
        self._directory = directory
        self._connections = connections
        self._tools: dict[Path, PythonTool] = {}

    def build(
        self,
        node: Node,
        literals: Mapping[str, Any],
        references: Mapping[str, Reference],
        may_stream: bool,
    ) -> PythonNode:
        """Build one node. Raises FlowLoadError."""
        tool, findings = self._tool(node), Findings()
        given = dict(literals)
        with findings.keep():
            if node.type == "custom_llm":
                self._add_prompt(node, tool, given, references)
        with findings.keep():
            _check_inputs(node, tool, given, references)
        of_init = tool.init.known
        with findings.keep():
            grants = self._grants(node, tool.signature.connections, given)
        values = dict[str, Any]()
        for name, value in given.items():
            if name not in tool.signature.connections and name not in of_init:
                with findings.keep(at=("nodes", node.name, "inputs", name)):
                    values[name] = self._literal(node, tool, name, value)
        findings.settle()
        bound = self._bind(node, tool, given)
        assignment = Assignment.of(node.name, values, references, tool.signature.optional)
        return PythonNode(node.name, bound, assignment, grants, may_stream and tool.yields)

    def _literal(self, node: Node, tool: PythonTool, name: str, value: Any) -> Any:
        if tool.signature.types.get(name) is ValueType.IMAGE:
            return literal_image(node.name, name, value, self._format, self._directory)
        return tool.signature.literal(node.name, name, value)

    def _tool(self, node: Node) -> PythonTool:
        if node.source is not None and node.source.type != "code":
            if not node.source.tool:
                raise PackageToolNotFoundError(
                    f"node '{node.name}' has no source.tool: name the tool", ("nodes", node.name, "source")
                )
            return load_package_tool(node.name, node.source.tool)
        path = source_path(self._directory, node)
        if path not in self._tools:
            shown = str(path.relative_to(self._directory.resolve()))
            self._tools[path] = load_tool(node.name, path, shown)
        return self._tools[path]

    def _add_prompt(
        self, node: Node, tool: PythonTool, given: dict[str, Any], references: Mapping[str, Reference]
    ) -> None:
        """Give the template to the tool, which renders it itself, as upstream."""
        if tool.signature.prompt is None:
            raise InvalidCustomLLMTool(
                f"node '{node.name}': its tool has no parameter of type PromptTemplate to take the prompt"
            )
        template = read_prompt(self._directory, node)
        known = tool.signature.known | tool.init.known
        check_words(node, template, variables_of(template, node.name, source_name(node)) & known)
        given[tool.signature.prompt] = PromptTemplate(template)
        from_caller = [name for name, ref in references.items() if isinstance(ref, InputReference)]
        if from_caller and tool.signature.takes_any:
            given[TO_ESCAPE] = from_caller

    def _bind(self, node: Node, tool: PythonTool, given: Mapping[str, Any]) -> Bound:
        grants = self._grants(node, tool.init.connections, given)
        arguments = {
            name: tool.init.literal(node.name, name, given[name])
            for name in tool.init.types
            if name in given and name not in grants
        }
        bound = Bound(tool, arguments, grants)
        if tool.provider is not None and not grants:
            try:
                bound.function(_no_connection)
            except (Exception, SystemExit) as error:
                raise ToolLoadError(
                    f"node '{node.name}': {tool.provider.__name__} cannot be made: "
                    f"{clean(f'{type(error).__name__}: {error}')}"
                ) from error
        return bound

    def _grants(
        self, node: Node, wanted: Mapping[str, tuple[type, ...]], given: Mapping[str, Any]
    ) -> dict[str, Grant]:
        findings, grants = Findings(), {}
        for name, classes in wanted.items():
            if name in given:
                with findings.keep(at=("nodes", node.name, "inputs", name)):
                    grants[name] = self._grant(node, name, classes, given[name])
        findings.settle()
        return grants

    def _grant(self, node: Node, name: str, classes: tuple[type, ...], connection: Any) -> Grant:
        place = f"node '{node.name}', input '{name}'"
        strong = next((each for each in classes if each.__name__ not in CLASSES), None)
        if not isinstance(connection, str) or (
            self._connections is not None and connection not in self._connections
        ):
            raise GetConnectionError(f"{place}: {not_listed(connection, self._connections or ())}")
        kinds = {CLASSES[each.__name__].kind for each in classes if each.__name__ in CLASSES}
        if strong is not None:
            kinds.add(ConnectionType.CUSTOM)
        if self._connections is not None and self._connections[connection] not in kinds:
            raise NodeInputValidationError(
                f"{place}: wants a connection of type {' or '.join(sorted(kinds))}, "
                f"and '{connection}' is of type {self._connections[connection]}"
            )
        return Grant(connection, strong)


def _check_inputs(
    node: Node, tool: PythonTool, given: Mapping[str, Any], references: Mapping[str, Reference]
) -> None:
    """Compare what a node gives with what its tool takes. Raises FlowLoadError."""
    findings, place = Findings(), f"node '{node.name}'"
    names = given.keys() | references.keys()
    known = tool.signature.known | tool.init.known
    for name in sorted(names - known):
        if not tool.signature.takes_any:
            findings.add(
                NodeInputValidationError(
                    f"{place}: its function has no parameter '{name}' "
                    f"(there are: {', '.join(sorted(known)) or 'none'})",
                    ("nodes", node.name, "inputs", name),
                )
            )
    for name in sorted(tool.init.known & references.keys()):
        findings.add(
            InputTypeMismatch(
                f"{place}: input '{name}' is for the tool's __init__ and must be a literal",
                ("nodes", node.name, "inputs", name),
            )
        )
    for name in sorted(tool.init.required - names):
        findings.add(MissingRequiredInputs(f"{place}: the tool's __init__ needs the input '{name}'"))
    for name in sorted(tool.signature.required - names):
        findings.add(NodeInputValidationError(f"{place}: its function needs the input '{name}'"))
    findings.settle()


def _no_connection(name: str) -> Connection:
    raise AssertionError(name)
