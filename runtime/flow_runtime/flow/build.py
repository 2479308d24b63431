"""From a node as it is written to one that is ready to run: prompts and LLMs. For tools see build_tool."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.assignment import Assignment, Reference
from flow_runtime.flow.build_tool import ToolBuilder
from flow_runtime.flow.errors import (
    ChatAPIInvalidFunctions,
    GetConnectionError,
    InvalidConnectionType,
    NodeInputValidationError,
)
from flow_runtime.flow.files import read_prompt, source_name
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.images import BASIC, literal_image
from flow_runtime.flow.listed import not_listed
from flow_runtime.flow.llm_node import LLMNode
from flow_runtime.flow.model import Node, ValueType
from flow_runtime.flow.nodes import PromptNode, Runner
from flow_runtime.flow.parameters import CHAT, MODEL_FIELDS, parameters_of, to_send
from flow_runtime.flow.template import Render, check_words, compile_template, image_variables
from flow_runtime.flow.values import convert

TEMPLATE_WORDS = frozenset({"prompt", "template"})
"""Names that a prompt's variables may not have besides the model's parameters."""


@dataclass(frozen=True)
class _Template:
    """A prompt that is ready to be rendered, and where its variables come from."""

    render: Render
    assignment: Assignment
    with_images: Render | None


class Builder:
    """Builds the nodes of one flow."""

    def __init__(
        self,
        directory: Path,
        connections: Mapping[str, ConnectionType] | None,
        candidates: frozenset[str],
        message_format: str = BASIC,
    ) -> None:
        self._format = message_format
        self._directory = directory
        self._connections = connections
        self._candidates = candidates
        """Nodes that may stream as far as the graph goes."""
        self._tools = ToolBuilder(directory, connections, message_format)

    def build(self, node: Node, references: Mapping[str, Reference]) -> Runner:
        """Build one node. Raises FlowLoadError."""
        literals = {name: value for name, value in node.inputs.items() if name not in references}
        may_stream = node.name in self._candidates
        if node.type in ("python", "custom_llm"):
            return self._tools.build(node, literals, references, may_stream)
        if node.type == "prompt":
            template = self._template(node, literals, references)
            return PromptNode(node.name, template.render, template.assignment)
        return self._llm(node, literals, references, may_stream)

    def _llm(
        self,
        node: Node,
        literals: Mapping[str, Any],
        references: Mapping[str, Reference],
        may_stream: bool,
    ) -> LLMNode:
        """Build an LLM's node; prompt, connection and parameters are looked at each for itself."""
        findings, connection = Findings(), ""
        with findings.keep():
            template = self._template(node, literals, references)
        with findings.keep(at=("nodes", node.name, "connection") if node.connection else ()):
            connection = self._connection(node)
        with findings.keep():
            sent, late = self._parameters(node, connection, literals, references)
        findings.settle()
        return LLMNode(
            node.name,
            template.render,
            template.assignment,
            connection,
            node.api or CHAT,
            self._kinds(node),
            sent,
            late,
            template.with_images,
            node.api == CHAT and self._azure(node),
            may_stream and not {"tools", "functions"} & node.inputs.keys(),
        )

    def _template(
        self, node: Node, literals: Mapping[str, Any], references: Mapping[str, Reference]
    ) -> "_Template":
        source = read_prompt(self._directory, node)
        parameters = self._kinds(node) if node.type == "llm" else {}
        render, variables = compile_template(source, node.name, source_name(node), images=False)
        check_words(node, source, variables & (TEMPLATE_WORDS | parameters.keys()))
        images = image_variables(source)
        assignment = Assignment.of(
            node.name,
            {
                name: literal_image(node.name, name, value, self._format, self._directory)
                if name in images
                else value
                for name, value in literals.items()
                if name not in parameters
            },
            {name: ref for name, ref in references.items() if name not in parameters},
        )
        with_images = compile_template(source, node.name, source_name(node))[0] if images else None
        return _Template(render, assignment, with_images)

    def _azure(self, node: Node) -> bool:
        kinds = self._connections
        return kinds is not None and kinds.get(node.connection or "") is ConnectionType.AZURE_OPENAI

    def _kinds(self, node: Node) -> Mapping[str, ValueType]:
        return parameters_of(node.api or CHAT, self._azure(node))

    def _parameters(
        self,
        node: Node,
        connection: str,
        literals: Mapping[str, Any],
        references: Mapping[str, Reference],
    ) -> tuple[Mapping[str, Any], Assignment]:
        kinds = self._kinds(node)
        findings, parameters, unused = Findings(), dict[str, Any](), set[str]()
        if self._connections is not None and connection:
            kind = self._connections[connection]
            wanted = MODEL_FIELDS[kind]
            unused = set(MODEL_FIELDS.values()) - {wanted}
            # Others send a model without a name, as upstream: many servers have but one.
            if wanted not in node.inputs and kind is ConnectionType.AZURE_OPENAI:
                with findings.keep():
                    raise NodeInputValidationError(
                        f"node '{node.name}': its connection is of type {kind} and needs the input '{wanted}'"
                    )
        for name, value in literals.items():
            if name in kinds and name not in unused:
                with findings.keep(at=("nodes", node.name, "inputs", name)):
                    parameters[name] = _literal(node, name, kinds[name], value)
        findings.settle()
        late = {name: ref for name, ref in references.items() if name in kinds and name not in unused}
        assigned = Assignment.of(node.name, {}, late, frozenset(late))
        if late:
            return parameters, assigned
        try:
            return to_send(node.api or CHAT, parameters), assigned
        except ValueError as error:
            raise ChatAPIInvalidFunctions(
                f"node '{node.name}': {error}", ("nodes", node.name, "inputs", "functions")
            ) from None

    def _connection(self, node: Node) -> str:
        if not node.connection:
            raise GetConnectionError(f"node '{node.name}' names no connection: add connection: <name>")
        if self._connections is None:
            return node.connection
        if node.connection not in self._connections:
            raise GetConnectionError(f"node '{node.name}': {not_listed(node.connection, self._connections)}")
        kind = self._connections[node.connection]
        if kind not in MODEL_FIELDS:
            raise InvalidConnectionType(
                f"node '{node.name}': connection '{node.connection}' is of type {kind}, which is no LLM: "
                f"name one of type {', '.join(MODEL_FIELDS)}"
            )
        return node.connection


def _literal(node: Node, name: str, kind: ValueType, value: Any) -> Any:
    try:
        return convert(kind, value)
    except (ValueError, TypeError, OverflowError):
        raise NodeInputValidationError(
            f"node '{node.name}': '{name}' must be of type {kind}, not {value!r}"
        ) from None
