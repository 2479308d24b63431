"""How a node's inputs get their values in a run: literals, flow inputs, outputs of other nodes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flow_runtime.flow.errors import OutputReferenceError
from flow_runtime.flow.references import InputReference, NodeReference, part
from flow_runtime.flow.roles import Guarded, guard
from flow_runtime.flow.run import Run

Reference = InputReference | NodeReference


@dataclass(frozen=True)
class Assignment:
    """The inputs of one node, sorted by where they come from."""

    node: str
    literals: Mapping[str, Any]
    inputs: tuple[tuple[str, str], ...]
    nodes: tuple[tuple[str, NodeReference], ...]
    optional: frozenset[str] = frozenset()
    """Inputs that are left out when the node they come from was passed over; others are None then."""

    @classmethod
    def of(
        cls,
        node: str,
        literals: Mapping[str, Any],
        references: Mapping[str, Reference],
        optional: frozenset[str] = frozenset(),
    ) -> "Assignment":
        """Sort literals and references."""
        return cls(
            node,
            literals,
            tuple((name, ref.name) for name, ref in references.items() if isinstance(ref, InputReference)),
            tuple((name, ref) for name, ref in references.items() if isinstance(ref, NodeReference)),
            optional,
        )

    def values(self, run: Run) -> dict[str, Any]:
        """Take the values as they are, for Python. Raises OutputReferenceError."""
        values = {name: _own(value) for name, value in self.literals.items()}
        for name, source in self.inputs:
            values[name] = run.inputs[source]
        for name, reference in self.nodes:
            if reference.node in run.bypassed:
                if name not in self.optional:
                    values[name] = None
            else:
                values[name] = take(run, reference, self.node, name)
        return values

    def guarded(self, run: Run) -> dict[str, Any]:
        """Take the values for a prompt, with a guard in what flow inputs say. Raises OutputReferenceError."""
        values = {name: _own(value) for name, value in self.literals.items()}
        for name, source in self.inputs:
            values[name] = guard(run.inputs[source])
        for name, reference in self.nodes:
            value = None if reference.node in run.bypassed else take(run, reference, self.node, name)
            values[name] = value.guarded if type(value) is Guarded else value
        return values


def take(run: Run, reference: NodeReference, node: str, name: str, what: str = "input") -> Any:
    """Take a node's output or a part of it. Raises OutputReferenceError, which names the input and part."""
    value = run.values[reference.node]
    if not reference.path:
        return value
    try:
        return part(value, reference.path)
    except (KeyError, IndexError, AttributeError, TypeError):
        path = ".".join(str(step) for step in reference.path)
        raise OutputReferenceError(
            node, f"{what} '{name}' wants '{path}' of node '{reference.node}', whose output has no such part"
        ) from None


def _own(value: Any) -> Any:
    """A tool may change what it gets, and the next run must not see that."""
    return copy.deepcopy(value) if isinstance(value, list | dict) else value
