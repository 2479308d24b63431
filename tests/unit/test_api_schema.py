"""The house's promises of the schema: every field explained, everything bounded, nothing left open."""

from collections.abc import Iterator
from typing import Any

import pytest

from flow_operator.api.crd import RESOURCES, crd, schema_of
from flow_operator.api.rules import RULES

Node = tuple[str, dict[str, Any]]


def nodes(path: str, schema: dict[str, Any]) -> Iterator[Node]:
    """Every schema below a field with its path; `[]` is an item of a list."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", child)
    if "items" in schema:
        yield from nodes(f"{path}[]", schema["items"])


SCHEMAS = {resource.model.KIND: schema_of(resource.model) for resource in RESOURCES}
FIELDS = dict(
    node
    for kind, schema in SCHEMAS.items()
    for name in ("spec", "status")
    for node in nodes(f"{kind}.{name}", schema["properties"][name])
)
OPEN = {"x-kubernetes-preserve-unknown-fields", "additionalProperties", "$ref", "nullable"}


def test_every_field_is_described_in_whole_sentences() -> None:
    # Of a plain value in a list nothing is said: the list says what it holds.
    described = {
        path: schema for path, schema in FIELDS.items() if "properties" in schema or path[-2:] != "[]"
    }
    assert [path for path, schema in described.items() if not is_prose(schema.get("description", ""))] == []


def is_prose(text: str) -> bool:
    return text[-1:] == "." and " ".join(text.split()) == text and len(text) > len("When it began")


def test_every_field_is_bounded() -> None:
    assert [path for path, schema in FIELDS.items() if not is_bounded(schema)] == []


def is_bounded(schema: dict[str, Any]) -> bool:
    match schema.get("type"):
        case "string":
            return bool({"maxLength", "enum"} & schema.keys()) or schema.get("format") == "date-time"
        case "integer":
            return {"minimum", "maximum"} <= schema.keys()
        case "array":
            return "maxItems" in schema
        case None:
            return "maxLength" in schema and schema["x-kubernetes-int-or-string"] is True
        case kind:
            return kind in ("object", "boolean")


def test_no_field_is_a_float() -> None:
    assert [path for path, schema in FIELDS.items() if schema.get("type") == "number"] == []


def test_every_list_has_keys_or_is_a_set() -> None:
    lists = {path: schema for path, schema in FIELDS.items() if schema.get("type") == "array"}
    assert [
        path for path, schema in lists.items() if schema.get("x-kubernetes-list-type") not in ("map", "set")
    ] == []


def test_no_field_holds_what_the_schema_does_not_know() -> None:
    assert [
        path for path, schema in FIELDS.items() if OPEN & schema.keys() and not is_map_of_short_texts(schema)
    ] == []
    assert [
        path
        for path, schema in FIELDS.items()
        if schema.get("type") == "object" and not (schema.get("properties") or is_map_of_short_texts(schema))
    ] == []


def is_map_of_short_texts(schema: dict[str, Any]) -> bool:
    values = schema.get("additionalProperties")
    known = isinstance(values, dict) and values["type"] == "string" and "maxLength" in values
    return known and "maxProperties" in schema


def test_no_reference_leaves_the_namespace() -> None:
    assert [path for path in FIELDS if path.endswith(".namespace")] == []


def test_no_field_of_a_status_has_a_default() -> None:
    assert [path for path, schema in FIELDS.items() if ".status" in path and "default" in schema] == []


def test_every_rule_says_in_words_what_must_be() -> None:
    said = [
        rule["message"] for schema in (*SCHEMAS.values(), *FIELDS.values()) for rule in schema.get(RULES, [])
    ]
    assert len(said) > 20
    assert [message for message in said if " must " not in f" {message}"] == []


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource.model.KIND))
def test_both_kinds_are_named_as_the_documentation_names_them(resource: Any) -> None:
    spec = crd(resource)["spec"]
    assert spec["names"]["shortNames"] == [{"FlowDeployment": "fd", "FlowMonitor": "fm"}[resource.model.KIND]]
    assert spec["names"]["categories"] == ["flows"]
    (version,) = spec["versions"]
    assert version["name"] == "v1alpha1"
    assert version["schema"]["openAPIV3Schema"]["required"] == ["spec"]
    assert set(version["subresources"]) - {"scale"} == {"status"}
