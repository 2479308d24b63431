"""What the API server accepts and refuses, and that each refusal comes from the rule it is said to."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster.control_plane import ControlPlane
from tests.api import (
    schema_cases_collection,
    schema_cases_fd,
    schema_cases_fm,
    schema_cases_source,
    schema_cases_store,
)
from tests.api.client import Api
from tests.api.conftest import connection, install
from tests.api.mutants import RULES, guarded_rule, mutants_of
from tests.api.schema_case import Invalid, Valid

TABLES = (schema_cases_fd, schema_cases_source, schema_cases_collection, schema_cases_store, schema_cases_fm)
VALID = [case for table in TABLES for case in table.VALID]
INVALID = [case for table in TABLES for case in table.INVALID]
MUTANTS = {case.mutation: case for case in INVALID}
TOGETHER = 12
"""Versions of a CRD: with many more it would be larger than what a server takes."""


def places() -> dict[tuple[str, ...], tuple[str, str]]:
    """Where the CRD without the rule of a case is served: group and version, by the mutation."""
    found, numbers = {}, Counter[str]()
    for mutation, case in MUTANTS.items():
        number = numbers[case.kind]
        numbers[case.kind] += 1
        group = f"m{number // TOGETHER}.{case.kind.lower()}.flowoperator.dev"
        found[mutation] = (group, f"v{number % TOGETHER + 1}")
    return found


PLACES = places()


def sentence(case: Valid) -> str:
    return f"{case.kind}: {case.says}"


@pytest.fixture(scope="module")
def mutants(crds: dict[str, dict[str, Any]]) -> Iterator[Api]:
    """A server with the CRD without the rule of a case, for every such rule, each as a version of its own.

    It is one of its own, because garbage collection pauses for every new kind, and other tests wait for it.
    """
    cases: dict[str, dict[str, Invalid]] = {}
    for mutation, (group, version) in PLACES.items():
        cases.setdefault(group, {})[version] = MUTANTS[mutation]
    with ControlPlane() as plane, connection(plane) as client:
        install(
            client,
            [mutants_of(crds[next(iter(some.values())).kind], some, group) for group, some in cases.items()],
        )
        yield client


@pytest.mark.parametrize("case", VALID, ids=sentence)
def test_the_api_server_accepts(case: Valid, api: Api) -> None:
    answer = api.create(case.manifest(), dryRun="All")
    assert answer.code == 201, answer.message


@pytest.mark.parametrize("case", INVALID, ids=sentence)
def test_the_api_server_refuses_and_names_the_field(case: Invalid, api: Api) -> None:
    answer = api.create(case.manifest(), dryRun="All")
    assert answer.code in (400, 422), "it was accepted"
    assert case.field in answer.message
    assert case.words in answer.message


@pytest.mark.parametrize("case", INVALID, ids=sentence)
def test_without_its_rule_the_api_server_would_accept(case: Invalid, mutants: Api) -> None:
    api_version = "/".join(PLACES[case.mutation])
    answer = mutants.create(case.manifest() | {"apiVersion": api_version}, dryRun="All")
    assert answer.code == 201, answer.message


def test_every_rule_in_words_has_a_case_that_it_refuses(crds: dict[str, dict[str, Any]]) -> None:
    schemas = {kind: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind, crd in crds.items()}
    covered = {
        (case.kind, rule["message"])
        for case in INVALID
        for guard in case.guards
        if (rule := guarded_rule(schemas[case.kind], guard, case.words))
    }
    assert {(kind, message) for kind, schema in schemas.items() for message in messages(schema)} == covered


def messages(node: dict[str, Any]) -> Iterator[str]:
    yield from (rule["message"] for rule in node.get(RULES, []))
    inner = [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    for child in (*node.get("properties", {}).values(), *inner):
        yield from messages(child)
