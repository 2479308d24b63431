"""The flows of the e2e tests: the whole ones load and the broken ones do not, without a cluster."""

from pathlib import Path

import pytest

from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.load import load_flow
from tests.e2e import flows
from tests.unit.flow_helpers import CONNECTIONS

KNOWN = {flows.CONNECTION: CONNECTIONS["llm"]}


def written(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("kind", flows.WHOLE)
def test_a_whole_flow_loads(kind: str, tmp_path: Path) -> None:
    assert load_flow(written(flows.WHOLE[kind], tmp_path), KNOWN).inputs.keys() <= {"query"}


@pytest.mark.parametrize("what", flows.BROKEN)
def test_a_broken_flow_does_not(what: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError):
        load_flow(written(flows.BROKEN[what], tmp_path), KNOWN)
