"""A flow.dag.yaml to a flow that is ready to run: read, checked, its nodes built in an order to run them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow import shim
from flow_runtime.flow.activate import Rule
from flow_runtime.flow.assignment import Reference
from flow_runtime.flow.build import Builder
from flow_runtime.flow.check import check_defaults, check_supported
from flow_runtime.flow.environment import set_environment
from flow_runtime.flow.errors import FlowDefinitionError
from flow_runtime.flow.findings import TOOL, Findings
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.graph import (
    condition_reference,
    node_references,
    order,
    output_sources,
    sources,
    unique,
)
from flow_runtime.flow.image import Image
from flow_runtime.flow.images import Images, read_image, shown
from flow_runtime.flow.model import Dag, FlowInput, Node, ValueType
from flow_runtime.flow.nodes import Runner
from flow_runtime.flow.read import parse_dag, read_bytes
from flow_runtime.flow.references import NodeReference
from flow_runtime.flow.variants import choose_variants
from flow_runtime.llm.connection import Connection

Types = Mapping[str, ConnectionType]


def load_dag(
    path: Path,
    connections: Types | None,
    variant: str,
    connection: Callable[[str], Connection] | None,
) -> Flow:
    """Load as `load.load_flow` says. Raises FlowLoadError."""
    directory, findings = path.parent, Findings()
    dag = choose_variants(parse_dag(read_bytes(path), path.name, findings), variant, findings)
    dag = unique(dag, findings)
    check_supported(dag, directory, findings)
    dag = _read_default_images(dag, directory, findings)
    references = {node.name: node_references(dag, node, findings) for node in dag.nodes}
    conditions = {node.name: condition_reference(dag, node, findings) for node in dag.nodes}
    needed = {
        name: sources((*refs.values(), conditions[name])) & references.keys()
        for name, refs in references.items()
    }
    ordered = order(needed, findings)
    wanted = output_sources(dag, findings)
    nodes = {node.name: node for node in dag.nodes if not node.aggregation}
    with findings.keep():
        variables = set_environment(dag.environment_variables, connection)
    shim.install()
    builder = Builder(directory, connections, _candidates(nodes, wanted, needed), dag.message_format.lower())
    runners: dict[str, Runner] = {}
    for name in ordered:
        if name in nodes and not findings.broken(name):
            with findings.keep(name, ("nodes", name), TOOL):
                runners[name] = builder.build(nodes[name], references[name])
    if not findings.empty:  # it is not served anyhow: then say this, too
        with findings.keep():
            check_defaults(dag.inputs)
    findings.settle()
    return Flow(
        name=directory.name,
        inputs=dag.inputs,
        outputs={name: dag.outputs[name] for name in wanted},
        sources=wanted,
        nodes=tuple(runners.values()),
        needs={name: needed[name] for name in nodes},
        streams=frozenset(
            name
            for name, source in wanted.items()
            if isinstance(source, NodeReference) and not source.path and runners[source.node].streams
        ),
        rules=_rules(nodes, references, conditions),
        images=_images(dag),
        message_format=dag.message_format.lower(),
        variables=variables,
    )


def _images(dag: Dag) -> Images | None:
    """Say which inputs may hold images."""
    whole = frozenset(name for name, field in dag.inputs.items() if field.type is ValueType.IMAGE)
    deep = frozenset(
        name for name, field in dag.inputs.items() if field.type in (ValueType.LIST, ValueType.OBJECT)
    )
    return Images(dag.message_format.lower(), whole, deep) if whole or deep else None


def _candidates(
    nodes: Mapping[str, Node],
    wanted: Mapping[str, Reference | None],
    needed: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """Say which nodes might stream: an output wants them whole, and no other node wants them at all."""
    whole = {
        source.node for source in wanted.values() if isinstance(source, NodeReference) and not source.path
    }
    return frozenset(whole & nodes.keys()) - frozenset().union(*(needed[name] for name in nodes))


def _rules(
    nodes: Mapping[str, Node],
    references: Mapping[str, Mapping[str, Reference]],
    conditions: Mapping[str, Reference | None],
) -> dict[str, Rule]:
    """Say when each node is passed over; without any condition, none ever is."""
    if all(node.activate is None for node in nodes.values()):
        return {}
    rules = {}
    for name, node in nodes.items():
        rule = Rule(name, sources(references[name].values()))
        if node.activate is not None:
            when = conditions[name] or node.activate.when
            rule = Rule(name, rule.sources, conditional=True, when=when, wanted=node.activate.wanted)
        rules[name] = rule
    return rules


def _read_default_images(dag: Dag, directory: Path, findings: Findings) -> Dag:
    """Read the defaults that are images, which may be files of the flow."""
    inputs = dict(dag.inputs)
    for name, field in dag.inputs.items():
        if field.type is ValueType.IMAGE and not field.required:
            with findings.keep(at=("inputs", name, "default")):
                inputs[name] = _read_default_image(dag, directory, name)
    return dag.model_copy(update={"inputs": inputs})


def _read_default_image(dag: Dag, directory: Path, name: str) -> FlowInput:
    field = dag.inputs[name]
    try:
        found = read_image(field.default, dag.message_format.lower(), directory)
    except ValueError as error:
        raise FlowDefinitionError(f"inputs.{name}.default: {error}") from None
    if not isinstance(found, Image):
        return field
    return field.model_copy(update={"default": shown(found, dag.message_format.lower())})
