"""CRDs with one rule taken out: they show that a refusal comes from the rule it is said to come from."""

import copy
from collections.abc import Mapping
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


def mutants_of(crd: dict[str, Any], cases: Mapping[str, Invalid], group: str) -> dict[str, Any]:
    """Return a CRD in a group of its own with a version for each case, by its name: one without its guards.

    A server spends far less on versions of one CRD than on as many CRDs: it puts together what it tells of
    all of them anew for each. Nobody reads what fields are for, so that is left out.
    """
    names = crd["spec"]["names"] | {"categories": [], "shortNames": []}
    (version,) = crd["spec"]["versions"]
    versions = [_mutant(version, case, name) for name, case in cases.items()]
    for each in versions[1:]:
        each["storage"] = False
    spec = crd["spec"] | {"group": group, "names": names, "versions": versions}
    return crd | {"metadata": {"name": f"{names['plural']}.{group}"}, "spec": spec}


def _mutant(version: dict[str, Any], case: Invalid, name: str) -> dict[str, Any]:
    copied = copy.deepcopy(version) | {"name": name}
    copied["subresources"].pop("scale", None)  # it checks spec.replicas, too
    schema = copied["schema"]["openAPIV3Schema"]
    for guard in case.guards:
        path, _, keyword = guard.partition("#")
        _take_out(node_at(schema, path), keyword, case)
    _shorten(schema)
    return copied


def _shorten(node: Schema) -> None:
    node.pop("description", None)
    inner = [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    for each in [*inner, *node.get("properties", {}).values()]:
        _shorten(each)


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
