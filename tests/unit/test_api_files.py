"""The committed CRDs, the golden files of both kinds, and the chart's copy are what the models say."""

from pathlib import Path

import pytest
import yaml

from flow_operator.api.crd import RESOURCES, crd
from hack.generate import ROOT, files


@pytest.mark.parametrize("path", files(), ids=str)
def test_a_generated_file_is_up_to_date(path: Path) -> None:
    assert (ROOT / path).read_text() == files()[path], "run: make crds"


def test_the_chart_carries_the_very_same_crds_and_can_keep_them() -> None:
    text = (ROOT / "charts/flow-operator/templates/crds.yaml").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.strip().startswith("{{"))
    expected = [crd(resource) for resource in RESOURCES]
    for manifest in expected:
        manifest["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    assert list(yaml.safe_load_all(plain)) == expected
