"""From a node as it is written to one that is ready to run: prompts and LLMs. For tools see build_tool."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.assignment import Assignment, Reference
from flow_runtime.flow.build_tool import ToolBuilder
from flow_runtime.flow.errors import GetConnectionError, InvalidConnectionType, NodeInputValidationError
from flow_runtime.flow.files import read_prompt, source_name
from flow_runtime.flow.images import BASIC, literal_image
from flow_runtime.flow.llm_node import LLMNode
from flow_runtime.flow.model import Node, ValueType
from flow_runtime.flow.nodes import PromptNode, Runner
from flow_runtime.flow.parameters import CHAT, parameters_of, to_send
from flow_runtime.flow.template import compile_template, image_variables
from flow_runtime.flow.values import convert

MODEL_FIELDS = {
    ConnectionType.OPENAI: "model",
    ConnectionType.AZURE_OPENAI: "deployment_name",
    ConnectionType.SERVERLESS: "model",
}
TEMPLATE_WORDS = frozenset({"prompt", "template"})
"""Names that a prompt's variables may not have besides the model's parameters."""


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
        source = read_prompt(self._directory, node)
        parameters = self._kinds(node) if node.type == "llm" else {}
        render, variables = compile_template(source, node.name, source_name(node), images=False)
        if clash := sorted(variables & (TEMPLATE_WORDS | parameters.keys())):
            raise NodeInputValidationError(
                f"node '{node.name}': {source_name(node)} has a variable with the name of a parameter, "
                f"'{clash[0]}': rename it"
            )
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
        if node.type == "prompt":
            return PromptNode(node.name, render, assignment)
        connection = self._connection(node)
        sent, late = self._parameters(node, connection, literals, references)
        streams = may_stream and not {"tools", "functions"} & node.inputs.keys()
        api = node.api or CHAT
        with_images = compile_template(source, node.name, source_name(node))[0] if images else None
        lines = api == CHAT and self._azure(node)
        return LLMNode(
            node.name,
            render,
            assignment,
            connection,
            api,
            parameters,
            sent,
            late,
            with_images,
            lines,
            streams,
        )

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
        unused: set[str] = set()
        if self._connections is not None:
            kind = self._connections[connection]
            wanted = MODEL_FIELDS[kind]
            unused = set(MODEL_FIELDS.values()) - {wanted}
            # Others send a model without a name, as upstream: many servers have but one.
            if wanted not in node.inputs and kind is ConnectionType.AZURE_OPENAI:
                raise NodeInputValidationError(
                    f"node '{node.name}': its connection is of type {kind} and needs the input '{wanted}'"
                )
        parameters = {
            name: _literal(node, name, kinds[name], value)
            for name, value in literals.items()
            if name in kinds and name not in unused
        }
        late = {name: ref for name, ref in references.items() if name in kinds and name not in unused}
        assigned = Assignment.of(node.name, {}, late, frozenset(late))
        if late:
            return parameters, assigned
        try:
            return to_send(node.api or CHAT, parameters), assigned
        except ValueError as error:
            raise NodeInputValidationError(f"node '{node.name}': {error}") from None

    def _connection(self, node: Node) -> str:
        if not node.connection:
            raise GetConnectionError(f"node '{node.name}' names no connection: add connection: <name>")
        if self._connections is None:
            return node.connection
        if node.connection not in self._connections:
            known = ", ".join(sorted(self._connections)) or "none"
            raise GetConnectionError(
                f"node '{node.name}': connection '{node.connection}' is not among the deployment's "
                f"connections ({known}): add it to spec.connections"
            )
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
