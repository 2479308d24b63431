"""From a folder to a flow that is ready to run, or a FlowLoadError that names place and fix."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow import shim
from flow_runtime.flow.assignment import Assignment, Reference
from flow_runtime.flow.check import check_supported, source_path
from flow_runtime.flow.errors import (
    FlowDefinitionError,
    GetConnectionError,
    InvalidConnectionType,
    NodeInputValidationError,
)
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.graph import check_names, needs, node_references, order, output_sources
from flow_runtime.flow.model import Dag, Node, ValueType
from flow_runtime.flow.nodes import PARAMETERS, LLMNode, PromptNode, PythonNode, Runner
from flow_runtime.flow.read import read_dag
from flow_runtime.flow.references import NodeReference
from flow_runtime.flow.template import compile_template
from flow_runtime.flow.tool import PythonTool, load_tool
from flow_runtime.flow.values import convert

MODEL_FIELDS = {ConnectionType.OPENAI: "model", ConnectionType.AZURE_OPENAI: "deployment_name"}
TEMPLATE_WORDS = frozenset({"prompt", "template"})
"""Names that a prompt's variables may not have besides the model's parameters."""


def load_flow(directory: Path, connections: Mapping[str, ConnectionType]) -> Flow:
    """Read, check and compile the flow in a folder; runs its Python files. Raises FlowLoadError."""
    dag = read_dag(directory)
    check_names(dag)
    check_supported(dag, directory)
    _check_defaults(dag)
    references = {node.name: node_references(dag, node) for node in dag.nodes}
    needed = needs(references)
    ordered = order(needed)
    sources = output_sources(dag)
    shim.install()
    nodes = {node.name: node for node in dag.nodes if not node.aggregation}
    streaming = streaming_nodes(nodes, sources, needed)
    builder = _Builder(directory, connections, streaming)
    return Flow(
        name=directory.name,
        inputs=dag.inputs,
        outputs={name: dag.outputs[name] for name in sources},
        sources=sources,
        nodes=tuple(builder.build(nodes[name], references[name]) for name in ordered if name in nodes),
        needs={name: needed[name] for name in nodes},
        streams=frozenset(
            name
            for name, source in sources.items()
            if isinstance(source, NodeReference) and source.node in streaming and not source.path
        ),
    )


def _check_defaults(dag: Dag) -> None:
    for name, field in dag.inputs.items():
        if not field.required:
            try:
                convert(field.type, field.default)
            except (ValueError, TypeError, OverflowError):
                raise FlowDefinitionError(
                    f"inputs.{name}.default must be of type {field.type}, not {field.default!r}"
                ) from None


def streaming_nodes(
    nodes: Mapping[str, Node],
    sources: Mapping[str, Reference | None],
    needed: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """Say which nodes may stream: LLMs that an output wants whole, and no other node wants at all."""
    wanted = {
        source.node for source in sources.values() if isinstance(source, NodeReference) and not source.path
    }
    taken = frozenset().union(*(needed[name] for name in nodes))
    return frozenset(name for name in wanted - taken if name in nodes and nodes[name].type == "llm")


class _Builder:
    """Builds the nodes of one flow."""

    def __init__(
        self, directory: Path, connections: Mapping[str, ConnectionType], streaming: frozenset[str]
    ) -> None:
        self._streaming = streaming
        self._directory = directory
        self._connections = connections
        self._tools: dict[Path, PythonTool] = {}

    def build(self, node: Node, references: Mapping[str, Reference]) -> Runner:
        literals = {name: value for name, value in node.inputs.items() if name not in references}
        if node.type == "python":
            return self._python(node, literals, references)
        path = source_path(self._directory, node)
        try:
            source = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise NodeInputValidationError(f"node '{node.name}': {path.name} is not UTF-8 text") from error
        render, variables = compile_template(source, node.name, path.name)
        taken = TEMPLATE_WORDS | (PARAMETERS.keys() if node.type == "llm" else set())
        if clash := sorted(variables & taken):
            raise NodeInputValidationError(
                f"node '{node.name}': {path.name} has a variable with the name of a parameter, '{clash[0]}': "
                "rename it"
            )
        if node.type == "prompt":
            return PromptNode(node.name, render, _template_inputs(node, literals, references))
        return self._llm(node, render, literals, references)

    def _llm(
        self, node: Node, render: Any, literals: Mapping[str, Any], references: Mapping[str, Reference]
    ) -> LLMNode:
        connection = self._connection(node)
        for_model = {name: value for name, value in literals.items() if name in PARAMETERS}
        late = {name: ref for name, ref in references.items() if name in PARAMETERS}
        wanted = MODEL_FIELDS[self._connections[connection]]
        if wanted not in for_model and wanted not in late:
            raise NodeInputValidationError(
                f"node '{node.name}': its connection is of type {self._connections[connection]} and needs "
                f"the input '{wanted}'"
            )
        unused = set(MODEL_FIELDS.values()) - {wanted}
        parameters = {
            name: _literal(node, name, PARAMETERS[name], value)
            for name, value in for_model.items()
            if name not in unused
        }
        return LLMNode(
            name=node.name,
            render=render,
            assignment=_template_inputs(node, literals, references),
            connection=connection,
            parameters=parameters,
            late=Assignment.of(node.name, {}, {k: ref for k, ref in late.items() if k not in unused}),
            streams=node.name in self._streaming,
        )

    def _connection(self, node: Node) -> str:
        if not node.connection:
            raise GetConnectionError(f"node '{node.name}' names no connection: add connection: <name>")
        if node.connection not in self._connections:
            known = ", ".join(sorted(self._connections)) or "none"
            raise GetConnectionError(
                f"node '{node.name}': connection '{node.connection}' is not among the deployment's "
                f"connections ({known}): add it to spec.connections"
            )
        return node.connection

    def _python(
        self, node: Node, literals: Mapping[str, Any], references: Mapping[str, Reference]
    ) -> PythonNode:
        path = source_path(self._directory, node)
        if path not in self._tools:
            self._tools[path] = load_tool(node.name, path, str(path.relative_to(self._directory.resolve())))
        tool = self._tools[path]
        known = tool.types.keys() | tool.connections.keys()
        if (unknown := sorted(node.inputs.keys() - known)) and not tool.takes_any:
            raise NodeInputValidationError(
                f"node '{node.name}': its function has no parameter '{unknown[0]}'"
            )
        if missing := sorted(tool.required - node.inputs.keys()):
            raise NodeInputValidationError(f"node '{node.name}': its function needs the input '{missing[0]}'")
        connections = {}
        for name in tool.connections.keys() & node.inputs.keys():
            connections[name] = self._tool_connection(node, name, tool.connections[name], literals)
        values = {
            name: tool.literal(node.name, name, value)
            for name, value in literals.items()
            if name not in connections
        }
        return PythonNode(node.name, tool, Assignment.of(node.name, values, references), connections)

    def _tool_connection(
        self, node: Node, name: str, kind: ConnectionType, literals: Mapping[str, Any]
    ) -> str:
        connection = literals.get(name)
        if not isinstance(connection, str) or connection not in self._connections:
            raise GetConnectionError(
                f"node '{node.name}', input '{name}': must be the name of a connection of the deployment, "
                f"not {connection!r}"
            )
        if self._connections[connection] is not kind:
            raise InvalidConnectionType(
                f"node '{node.name}', input '{name}': wants a connection of type {kind}, "
                f"and '{connection}' is of type {self._connections[connection]}"
            )
        return connection


def _template_inputs(
    node: Node, literals: Mapping[str, Any], references: Mapping[str, Reference]
) -> Assignment:
    """Take what is the prompt's of a node's inputs, and leave the model's."""
    model = PARAMETERS if node.type == "llm" else {}
    return Assignment.of(
        node.name,
        {name: value for name, value in literals.items() if name not in model},
        {name: ref for name, ref in references.items() if name not in model},
    )


def _literal(node: Node, name: str, kind: ValueType, value: Any) -> Any:
    try:
        return convert(kind, value)
    except (ValueError, TypeError, OverflowError):
        raise NodeInputValidationError(
            f"node '{node.name}': '{name}' must be of type {kind}, not {value!r}"
        ) from None
