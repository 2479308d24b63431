"""Which nodes of a run are passed over: their condition does not hold, or all they need was passed over."""

from dataclasses import dataclass
from typing import Any

from flow_runtime.flow.assignment import Reference, take
from flow_runtime.flow.references import InputReference, NodeReference
from flow_runtime.flow.run import Run


@dataclass(frozen=True)
class Rule:
    """When one node is passed over (promptflow's _dag_manager). Equality is Python's: "true" is not true."""

    node: str
    sources: frozenset[str]
    """Nodes that its inputs refer to."""
    conditional: bool = False
    when: Reference | Any = None
    """What is compared: a reference or a literal."""
    wanted: Any = None

    def bypasses(self, run: Run) -> bool:
        """Say whether the node is passed over, all it needs being known. Raises OutputReferenceError."""
        if not self.conditional:
            return bool(self.sources) and self.sources <= run.bypassed
        match self.when:
            case NodeReference() as reference:
                if reference.node in run.bypassed:
                    return True
                value = take(run, reference, self.node, "activate.when")
            case InputReference(name):
                value = run.inputs[name]
            case literal:
                value = literal
        return bool(value != self.wanted)
