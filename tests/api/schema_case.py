"""A case of the schema: one change to a valid manifest, and what must come of it. Pure."""

import copy
from dataclasses import dataclass
from typing import Any

REMOVED = object()
"""As the value of a change: the field is not there."""

FLOW_DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "flowoperator.dev/v1alpha1",
    "kind": "FlowDeployment",
    "metadata": {"name": "support-bot", "namespace": "default"},
    "spec": {
        "flow": {"configMap": {"name": "support-bot"}},
        "replicas": 3,
        "connections": [{"name": "open_ai_connection", "type": "OpenAI", "secretRef": {"name": "openai"}}],
        "runtime": {
            "resources": {
                "requests": {"cpu": "500m", "memory": "256Mi"},
                "limits": {"cpu": 1, "memory": "1Gi"},
            },
            "env": [{"name": "LANG", "value": "C.UTF-8"}],
        },
        "collection": {
            "store": {"url": "s3://records/team-a", "secretRef": {"name": "store"}},
            "captureNodes": ["fetch_docs"],
            "spool": {"medium": "Memory", "sizeMiB": 64},
        },
    },
}
FLOW_MONITOR: dict[str, Any] = {
    "apiVersion": "flowoperator.dev/v1alpha1",
    "kind": "FlowMonitor",
    "metadata": {"name": "support-bot", "namespace": "default"},
    "spec": {
        "flowDeploymentRef": {"name": "support-bot"},
        "mapping": {
            "prompt": "inputs.query",
            "completion": "outputs.reply",
            "context": "outputs.fetched_docs",
        },
        "judge": {"connection": {"type": "OpenAI", "secretRef": {"name": "judge"}}, "model": "gpt-5-mini"},
        "metrics": [{"name": "groundedness"}, {"name": "relevance"}],
    },
}
BASES = {base["kind"]: base for base in (FLOW_DEPLOYMENT, FLOW_MONITOR)}


@dataclass(frozen=True)
class Valid:
    """A manifest that must be accepted: the base with `change` (dotted path to value) made to it."""

    says: str
    kind: str
    change: dict[str, Any]

    def manifest(self) -> dict[str, Any]:
        return changed(BASES[self.kind], self.change)


@dataclass(frozen=True)
class Invalid(Valid):
    """A manifest that must be refused, naming `field` and saying `words`.

    `guards` are the parts of the schema that refuse it, as `path#keyword`; `#rule` is the CEL rule whose
    message holds `words`. Without them the manifest must be accepted.
    """

    field: str
    words: str
    guards: tuple[str, ...]

    @property
    def mutation(self) -> tuple[str, ...]:
        """What is taken out of which CRD; equal for cases of one rule."""
        return (self.kind, self.field, self.words, *self.guards)


def changed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `base` with the values at dotted paths replaced, added or removed."""
    manifest = copy.deepcopy(base)
    for path, value in change.items():
        *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
        node: Any = manifest
        for step in parents:
            node = node[step] if isinstance(step, int) else node.setdefault(step, {})
        if value is REMOVED:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    return manifest
