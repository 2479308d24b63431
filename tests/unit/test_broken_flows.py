"""Flows that cannot be served: each is refused by promptflow's name for it, with file and line."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow_runtime.cli.finding import Finding, findings_of
from flow_runtime.flow.check import check_defaults
from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.load import load_flow
from flow_runtime.llm.connection import Connections
from tests.compat.broken import BROKEN
from tests.compat.broken.names import kept
from tests.compat.case import FlowCase
from tests.compat.engine import connections
from tests.compat.listed import listed

NAMES = kept()
LISTED = {name: row.split(" | ")[3] for (name, request), row in listed().items() if request == "load"}
REFUSED = [case for case in BROKEN if LISTED.get(case.name) != "loads"]
WITHOUT_LINE = {
    "broken-nothing-there": "there is no file",
    "broken-two-definitions": "it is about files",
    "broken-two-prompties": "it is about files",
    "broken-list-as-yaml": "the whole file",
    "broken-yaml-empty": "the whole file",
    "broken-yaml-text": "the whole file",
    "broken-yaml-bytes": "no text has lines",
    "broken-yaml-holds-itself": "the whole file",
    "broken-entry-missing": "what is missing is nowhere",
    "broken-entry-list-as-yaml": "the whole file",
    "broken-prompty-empty": "the whole file",
    "broken-prompty-bytes": "no text has lines",
    "broken-prompty-no-front": "the whole file",
    "broken-prompty-no-model": "what is missing is nowhere",
    "broken-prompty-front-open": "the whole file",
    "broken-prompty-front-list": "the whole file",
    "broken-prompty-front-text": "the whole file",
    "broken-prompty-front-empty": "the whole file",
}


@pytest.fixture(autouse=True)
def own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loading a flow sets variables and paths of the process that is to serve it."""
    environ, path = dict(os.environ), list(sys.path)
    monkeypatch.delenv("KEY", raising=False)
    yield
    os.environ.clear()
    os.environ.update(environ)
    sys.path[:] = path


def findings(case: FlowCase, folder: Path) -> list[Finding]:
    case.write(folder)
    known = Connections(documents=connections("http://127.0.0.1:9"))
    known.refresh()
    try:
        flow = load_flow(folder, known.types, "", known.get)
        if flow.kind == "dag":
            check_defaults(flow.inputs)
    except FlowLoadError as error:
        return findings_of(error, folder)
    return []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_broken_flow_is_refused_by_promptflows_name_and_place(case: FlowCase, tmp_path: Path) -> None:
    first, *_ = findings(case, tmp_path)
    if case.name in LISTED:
        assert first.name == LISTED[case.name]
    else:
        assert first.name in (NAMES[case.name] or ["FlowDefinitionError"])
    assert first.place is None or (tmp_path / first.place.file).is_file()
    line = first.place.line if first.place else None
    assert (line is None) == (case.name in WITHOUT_LINE), first
    assert "\n" not in first.message
    assert str(tmp_path) not in first.message


def test_at_least_45_kinds_are_refused_by_promptflows_own_name() -> None:
    named = [case for case in REFUSED if case.name not in LISTED and NAMES[case.name]]
    assert len(named) >= 45
    assert {case.name for case in BROKEN} == NAMES.keys()
    kinds = {name for case in named for name in NAMES[case.name][-1:]}
    assert len(kinds) >= 25, sorted(kinds)
