"""CRDs with one rule taken out: they show that a refusal comes from the rule it is said to come from."""

import copy
from typing import Any

from tests.api.schema_case import Invalid

RULES = "x-kubernetes-validations"
Schema = dict[str, Any]


def node_at(schema: Schema, path: str) -> Schema:
    """Return the schema of a field; `a[].b` is of an item of a list, `a{}` a value of a map."""
    for step in filter(None, path.split(".")):
        schema = schema["properties"][step.rstrip("[]{}")]
        if step.endswith("[]"):
            schema = schema["items"]
        elif step.endswith("{}"):
            schema = schema["additionalProperties"]
    return schema


def mutant(crd: dict[str, Any], case: Invalid, group: str) -> dict[str, Any]:
    """Return the CRD without the guards of a case, served under a group of its own."""
    copied = copy.deepcopy(crd)
    names = copied["spec"]["names"] | {"categories": [], "shortNames": []}
    copied["metadata"] = {"name": f"{names['plural']}.{group}"}
    copied["spec"] |= {"group": group, "names": names}
    (version,) = copied["spec"]["versions"]
    version["subresources"].pop("scale", None)  # it checks spec.replicas, too
    for guard in case.guards:
        path, _, keyword = guard.partition("#")
        _take_out(node_at(version["schema"]["openAPIV3Schema"], path), keyword, case)
    return copied


def guarded_rule(schema: Schema, guard: str, words: str) -> dict[str, str] | None:
    """Return the CEL rule that a guard means; None if it means another keyword."""
    path, _, keyword = guard.partition("#")
    if keyword != "rule":
        return None
    (rule,) = (rule for rule in node_at(schema, path)[RULES] if words in rule["message"])
    return dict(rule)


def _take_out(node: Schema, keyword: str, case: Invalid) -> None:
    match keyword:
        case "required":  # only this field: the others may be keys of a list
            node["required"] = [name for name in node["required"] if name != case.field.rpartition(".")[2]]
        case "rule":
            kept = [rule for rule in node[RULES] if case.words not in rule["message"]]
            assert len(kept) == len(node[RULES]) - 1, f"not exactly one rule says {case.words!r}"
            node[RULES] = kept
        case "type":  # of a scalar: whatever is given will do
            description = node["description"]
            node.clear()
            node |= {"description": description, "x-kubernetes-preserve-unknown-fields": True}
        case "properties":
            node["x-kubernetes-preserve-unknown-fields"] = True
        case "unique":
            del node["x-kubernetes-list-type"]
            node.pop("x-kubernetes-list-map-keys", None)
        case (
            "maxItems" | "maxLength" | "maxProperties"
        ):  # without any bound, CEL rules below would exceed their cost budget
            node[keyword] *= 2
        case _:
            del node[keyword]
