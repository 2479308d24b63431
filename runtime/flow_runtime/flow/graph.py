"""Checks of what refers to what in a flow, by promptflow's names, and an order to run the nodes in.

Pure but for the findings, where errors are kept.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from flow_runtime.flow.errors import (
    DuplicateNodeName,
    EmptyOutputReference,
    InputReferenceNotFound,
    InvalidNodeReference,
    NodeCircularDependency,
    NodeReferenceNotFound,
    OutputReferenceNotFound,
)
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.model import Dag, Node
from flow_runtime.flow.references import InputReference, NodeReference, parse


def unique(dag: Dag, findings: Findings) -> Dag:
    """Keep the first node of each name; the others are a DuplicateNodeName."""
    first: dict[str, Node] = {}
    for number, node in enumerate(dag.nodes):
        if first.setdefault(node.name, node) is not node:
            with findings.keep(at=("nodes", number)):
                raise DuplicateNodeName(f"node '{node.name}' is there more than once: rename one of them")
    return dag if len(first) == len(dag.nodes) else dag.model_copy(update={"nodes": list(first.values())})


def node_references(dag: Dag, node: Node, findings: Findings) -> dict[str, InputReference | NodeReference]:
    """Parse the references of a node's inputs and check that their targets exist.

    One that does not is kept among the findings and stands for an input all the same.
    """
    names = {other.name: other for other in dag.nodes}
    found: dict[str, InputReference | NodeReference] = {}
    for name, value in node.inputs.items():
        with findings.keep(at=("nodes", node.name, "inputs", name)):
            found[name] = InputReference(name)
            reference = _reference(dag, names, node, f"input '{name}'", value)
            if reference is None:
                del found[name]
            else:
                found[name] = reference
    return found


def condition_reference(dag: Dag, node: Node, findings: Findings) -> InputReference | NodeReference | None:
    """Parse what a node's condition compares and check that it exists; None for a literal or no condition."""
    with findings.keep(at=("nodes", node.name, "activate", "when")):
        return _condition(dag, node)
    return None


def _condition(dag: Dag, node: Node) -> InputReference | NodeReference | None:
    if node.activate is None:
        return None
    names = {other.name: other for other in dag.nodes}
    reference = _reference(dag, names, node, "activate.when", node.activate.when)
    if isinstance(reference, NodeReference) and node.aggregation and not names[reference.node].aggregation:
        raise InvalidNodeReference(
            f"node '{node.name}', activate.when: '{reference.node}' is no aggregation node, "
            "and the condition of one may refer to nothing else"
        )
    return reference


def _reference(
    dag: Dag, names: Mapping[str, Node], node: Node, what: str, value: object
) -> InputReference | NodeReference | None:
    try:
        reference = parse(value)
    except ValueError as error:
        target = str(value)[2:-1].partition(".")[0]
        if target not in names:
            raise NodeReferenceNotFound(
                f"node '{node.name}', {what}: {value}: the flow has no node '{target}'{_known(names)}"
            ) from None
        raise InvalidNodeReference(f"node '{node.name}', {what}: {error}") from None
    place = f"node '{node.name}', {what}: {value}"
    if isinstance(reference, InputReference):
        if reference.name not in dag.inputs:
            raise InputReferenceNotFound(
                f"{place}: the flow has no input '{reference.name}'{_known(dag.inputs)}"
            )
    elif reference is not None:
        if reference.node not in names:
            raise NodeReferenceNotFound(f"{place}: the flow has no node '{reference.node}'{_known(names)}")
        if names[reference.node].aggregation and not node.aggregation:
            raise InvalidNodeReference(
                f"{place}: '{reference.node}' is an aggregation node, which never runs while serving"
            )
    return reference


def sources(references: Iterable[object]) -> frozenset[str]:
    """Say which nodes are referred to."""
    return frozenset(ref.node for ref in references if isinstance(ref, NodeReference))


def order(needed: Mapping[str, frozenset[str]], findings: Findings) -> list[str]:
    """Order nodes so that each comes after those it needs; each circle is a NodeCircularDependency."""
    left = dict(needed)
    while True:
        try:
            return list(TopologicalSorter(left).static_order())
        except CycleError as error:
            circle = error.args[1]
            shown = " -> ".join(f"'{name}'" for name in circle)
            with findings.keep(at=("nodes", circle[0])):
                raise NodeCircularDependency(
                    f"nodes wait for each other: {shown}: remove one of the references"
                ) from None
            left |= dict.fromkeys(circle, frozenset())


def output_sources(dag: Dag, findings: Findings) -> dict[str, InputReference | NodeReference | None]:
    """Parse the references of the flow's outputs; those of aggregation nodes are left out."""
    nodes = {node.name: node for node in dag.nodes}
    sources: dict[str, InputReference | NodeReference | None] = {}
    for name in dag.outputs:
        with findings.keep(at=("outputs", name, "reference")):
            reference = _output_source(dag, nodes, name)
            if not (isinstance(reference, NodeReference) and nodes[reference.node].aggregation):
                sources[name] = reference
    return sources


def _output_source(dag: Dag, nodes: Mapping[str, Node], name: str) -> InputReference | NodeReference | None:
    output, place = dag.outputs[name], f"output '{name}'"
    if output.reference is None or output.reference == "":
        raise EmptyOutputReference(
            f"{place} has no reference: write ${{node.output}} or ${{inputs.name}}", ("outputs", name)
        )
    try:
        reference = parse(output.reference)
    except ValueError as error:
        raise OutputReferenceNotFound(f"{place}: {error}") from None
    if isinstance(reference, InputReference) and reference.name not in dag.inputs:
        raise OutputReferenceNotFound(
            f"{place}: the flow has no input '{reference.name}'{_known(dag.inputs)}"
        )
    if isinstance(reference, NodeReference) and reference.node not in nodes:
        raise OutputReferenceNotFound(f"{place}: the flow has no node '{reference.node}'{_known(nodes)}")
    return reference


def _known(names: Mapping[str, object]) -> str:
    return f" (there are: {', '.join(sorted(names)[:20])})" if names else " (there is none)"
