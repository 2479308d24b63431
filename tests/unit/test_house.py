"""The promises of the house that no linter knows."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("operator", "runtime", "hack", "examples") for path in (ROOT / folder).rglob("*.py")
)
MODULE_LIMIT = 250


def test_operator_is_a_folder_and_never_a_package() -> None:
    """A package of that name would shadow the standard library's `operator` for everything on the path."""
    assert [p.name for p in (ROOT / "operator").glob("*.py*")] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_longer_than_its_one_job(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LIMIT, "which noun is missing?"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.split(r"[\[<>=~!; ]", requirement)[0].lower()
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for requirement in group
    } - {"flow-operator"}
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Dependencies")[2]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| ")][2:]
    explained = {name.strip().lower() for row in rows if row[3].strip() for name in row[1].split(",")}
    assert explained == wanted


def test_every_dependency_is_pinned() -> None:
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.split(r"[\[<>=~!; ]", requirement)[0].lower().replace("-", "_")
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for requirement in group
    }
    assert wanted - {name.replace("-", "_") for name in pinned} == {"flow_operator"}


def test_nothing_names_a_package_registry() -> None:
    for path in (ROOT / "constraints.txt", ROOT / "pyproject.toml", ROOT / "Makefile"):
        assert "://" not in path.read_text().replace("https://keepachangelog", ""), path


def test_every_make_target_that_people_call_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(phony[1].split()) - explained == {"lint", "generated", "oracle"}
