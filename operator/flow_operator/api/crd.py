"""Models to CustomResourceDefinitions: a structural schema, columns, subresources. Writes no file."""

from dataclasses import dataclass
from typing import Any

from flow_operator.api.common import GROUP, VERSION, Model
from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowmonitor import FlowMonitor

Schema = dict[str, Any]

HEADER_FIELDS: Schema = {
    "apiVersion": {
        "type": "string",
        "description": f"Group and version of this resource: {GROUP}/{VERSION}.",
    },
    "kind": {"type": "string", "description": "Kind of this resource."},
    "metadata": {"type": "object"},
}
INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; `wide` ones are shown by `-o wide` only."""

    name: str
    path: str
    description: str
    type: str = "string"
    wide: bool = False

    def as_schema(self) -> Schema:
        """Render the column as an entry of additionalPrinterColumns."""
        column: Schema = {"name": self.name, "type": self.type, "jsonPath": self.path}
        column["description"] = self.description
        return column | {"priority": 1} if self.wide else column


@dataclass(frozen=True)
class Resource:
    """A custom resource: its model, and what the model cannot say."""

    model: type[FlowDeployment] | type[FlowMonitor]
    short_name: str
    columns: tuple[Column, ...]
    subresources: tuple[tuple[str, Schema], ...] = ()


AGE = Column("Age", ".metadata.creationTimestamp", "Time since it was created.", "date")
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
RESOURCES = (
    Resource(
        FlowDeployment,
        "fd",
        (
            Column("Ready", ".status.ready", "Ready pods of wanted pods."),
            Column("Replicas", ".spec.replicas", "Wanted pods.", "integer"),
            Column("Revision", ".status.revision", "Revision that is rolled out."),
            Column("URL", ".status.url", "Address for clients inside the cluster."),
            AGE,
            Column("Collected", ".status.collection.stored", "Records in the store.", "integer", wide=True),
            Column(
                "Last stored",
                ".status.collection.lastStored",
                "Time since a record last arrived in the store.",
                "date",
                wide=True,
            ),
            Column(
                "Lost",
                ".status.collection.lost.records",
                "Records that never will arrive in the store.",
                "integer",
                wide=True,
            ),
            Column(
                "Collecting",
                '.status.conditions[?(@.type=="Collecting")].reason',
                "Whether records reach the store, or why not.",
                wide=True,
            ),
            Column("Flow", ".status.flow.kind", "Format of the flow.", wide=True),
            Column(
                "Reason",
                '.status.conditions[?(@.type=="Ready")].reason',
                "Why it is ready or not.",
                wide=True,
            ),
        ),
        (("scale", SCALE),),
    ),
    Resource(
        FlowMonitor,
        "fm",
        (
            Column("Verdict", ".status.verdict", "Verdict of the last good run."),
            Column("Worst metric", ".status.worstMetric", "Metric with the worst verdict."),
            Column("Pass rate", ".status.passRate", "Pass rate of the worst metric."),
            Column("Last run", ".status.lastRun.finished", "Time since the last run ended.", "date"),
            # Not of type date: kubectl prints a date as an age, and a future one as <invalid>.
            Column("Next run", ".status.nextRun", "When the next run starts."),
            AGE,
            Column("Schedule", ".spec.schedule", "When it runs.", wide=True),
        ),
    ),
)


def crd(resource: Resource) -> Schema:
    """Return the CustomResourceDefinition of a resource as a plain dict."""
    kind, plural = resource.model.KIND, resource.model.PLURAL
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [resource.short_name],
                "categories": ["flows"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [column.as_schema() for column in resource.columns],
                    "subresources": {"status": {}, **dict(resource.subresources)},
                    "schema": {"openAPIV3Schema": schema_of(resource.model)},
                }
            ],
        },
    }


def schema_of(model: type[Model]) -> Schema:
    """Return the structural OpenAPI v3 schema of a root model, with defaults in spec and none in status."""
    generated = model.model_json_schema(by_alias=True)
    root = _structural(generated, generated.pop("$defs"))
    status = _without_defaults(root["properties"]["status"])
    root["properties"] |= {**HEADER_FIELDS, "status": status}
    root["required"] = ["spec"]
    return root


def _structural(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _resolved(node, definitions)
    node.pop("title", None)
    if "description" in node:
        node["description"] = " ".join(node["description"].split())
    if "properties" in node:
        node["properties"] = {
            name: _structural(child, definitions) for name, child in node["properties"].items()
        }
    if "items" in node:
        node["items"] = _structural(node["items"], definitions)
    if node.get("type") == "integer":
        node["format"] = "int32" if node.get("maximum", INT32_MAX + 1) <= INT32_MAX else "int64"
    default = _compact(node.pop("default", None))
    return node if default in (None, []) else node | {"default": default}


def _compact(default: Any) -> Any:
    """Drop None and empty lists from a default: they say no more than a missing field."""
    if not isinstance(default, dict):
        return default
    children = {key: _compact(value) for key, value in default.items()}
    return {key: value for key, value in children.items() if value not in (None, [])}


def _resolved(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """Replace a reference or `X | null` by X; what stands beside it (its description) wins."""
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
    elif any(choice.get("type") == "null" for choice in node.get("anyOf", [])):
        (target,) = (choice for choice in node["anyOf"] if choice.get("type") != "null")
    else:
        return dict(node)
    beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    return _resolved(target, definitions) | beside


def _without_defaults(node: Schema) -> Schema:
    """Drop defaults: what the operator has not reported is missing, and must not look like a report."""
    node = {key: value for key, value in node.items() if key != "default"}
    if "properties" in node:
        node["properties"] = {name: _without_defaults(child) for name, child in node["properties"].items()}
    if "items" in node:
        node["items"] = _without_defaults(node["items"])
    return node
