"""Variants: which of its bodies each node of a flow has. Pure."""

from pydantic import ValidationError

from flow_runtime.flow.errors import FlowDefinitionError, UserErrorException
from flow_runtime.flow.findings import TOOL, Findings
from flow_runtime.flow.model import Dag, Node
from flow_runtime.flow.read import field_problem


def choose_variants(dag: Dag, chosen: str, findings: Findings) -> Dag:
    """Give each node that has variants its default body, and one node the chosen one.

    `chosen` is empty or `node.variant_id`, with or without `${}` around it.
    """
    name = variant = ""
    with findings.keep():
        name, variant = _split(dag, chosen) if chosen else ("", "")
    if not name and not any(node.use_variants for node in dag.nodes):
        return dag
    nodes = []
    for node in dag.nodes:
        with findings.keep(node.name, ("nodes", node.name), TOOL):
            if node.name == name:
                node = _body(dag, node, variant)
            elif node.use_variants:
                node = _default(dag, node)
        nodes.append(node)
    return dag.model_copy(update={"nodes": nodes})


def _split(dag: Dag, chosen: str) -> tuple[str, str]:
    inside = chosen[2:-1] if chosen.startswith("${") and chosen.endswith("}") else chosen
    name, dot, variant = inside.partition(".")
    if not (name and dot and variant):
        raise FlowDefinitionError(f"the variant '{chosen}' must be written as node.variant_id")
    if name not in {node.name for node in dag.nodes}:
        raise FlowDefinitionError(f"the variant '{chosen}' is of the node '{name}', which the flow has not")
    return name, variant


def _default(dag: Dag, node: Node) -> Node:
    known = dag.node_variants.get(node.name)
    if known is None:
        if node.type is not None:
            return node  # it has a body of its own, which is taken upstream, too
        raise UserErrorException(f"node '{node.name}' uses variants, and node_variants has none for it")
    return _body(dag, node, known.default_variant_id)


def _body(dag: Dag, node: Node, variant: str) -> Node:
    known = dag.node_variants.get(node.name)
    found = known.variants.get(variant) if known else None
    if found is None:
        there = ", ".join(sorted(known.variants)) if known else ""
        raise UserErrorException(
            f"node '{node.name}' has no variant '{variant}' (there are: {there or 'none'}): "
            "name one of them, or set default_variant_id",
            ("node_variants", node.name),
        )
    try:
        return Node.model_validate({**found.node, "name": node.name})
    except ValidationError as error:
        place = ("node_variants", node.name, "variants", variant, "node")
        raise FlowDefinitionError(f"{'.'.join(place)}.{field_problem(error)}", place) from error
