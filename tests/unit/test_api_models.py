"""What the operator reads out of an object that the API server has accepted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import FlowDeploymentStatus
from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.rules import duration_seconds

RAW: dict[str, Any] = {
    "apiVersion": "flowoperator.dev/v1alpha1",
    "kind": "FlowDeployment",
    "metadata": {"name": "bot", "namespace": "team-a", "uid": "u1", "generation": 4, "labels": {"a": "b"}},
    "spec": {
        "flow": {"configMap": {"name": "bot"}},
        "collection": {"store": {"url": "s3://records"}, "spool": {"sizeMiB": 16}},
        "runtime": {"resources": {"requests": {"cpu": 2}}},
        "fieldOfANewerRelease": True,
    },
}


def test_an_object_is_parsed_with_the_schema_s_defaults() -> None:
    parsed = FlowDeployment.model_validate(RAW)
    assert (parsed.metadata.name, parsed.metadata.generation) == ("bot", 4)
    assert parsed.spec.replicas == 3
    assert parsed.spec.collection is not None
    assert parsed.spec.collection.spool.size_mib == 16
    assert parsed.spec.runtime.resources.requests.cpu == "2"
    assert parsed.status == FlowDeploymentStatus()


def test_fields_of_a_newer_release_are_ignored() -> None:
    without = RAW | {
        "spec": {key: value for key, value in RAW["spec"].items() if key != "fieldOfANewerRelease"}
    }
    assert FlowDeployment.model_validate(RAW) == FlowDeployment.model_validate(without)


def test_a_parsed_object_is_frozen() -> None:
    parsed = FlowDeployment.model_validate(RAW)
    with pytest.raises(ValidationError, match="frozen"):
        parsed.spec.replicas = 5  # type: ignore[misc]


def test_a_spec_is_written_back_as_it_was_given() -> None:
    spec = FlowDeployment.model_validate(RAW).spec.model_dump(mode="json", exclude_unset=True)
    assert spec["flow"] == {"configMap": {"name": "bot"}}
    assert spec["collection"] == {"store": {"url": "s3://records"}, "spool": {"sizeMiB": 16}}


def test_nothing_observed_is_an_empty_status() -> None:
    assert FlowDeploymentStatus().model_dump(mode="json", exclude_defaults=True) == {}


def test_a_monitor_judges_by_all_four_metrics_unless_told_otherwise() -> None:
    spec = {
        "flowDeploymentRef": {"name": "bot"},
        "mapping": {"prompt": "inputs.q", "completion": "outputs.a", "context": "outputs.c"},
        "judge": {"connection": {"type": "OpenAI", "secretRef": {"name": "judge"}}, "model": "m"},
    }
    parsed = FlowMonitor.model_validate({"metadata": RAW["metadata"], "spec": spec})
    assert [metric.name for metric in parsed.spec.metrics] == [
        "groundedness",
        "relevance",
        "coherence",
        "fluency",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("0m", 0), ("10m", 600), ("24h", 86_400), ("7d", 604_800), ("90d", 7_776_000)]
)
def test_a_duration_is_read_in_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@given(st.text(max_size=8).filter(lambda text: not (text[:-1].isdecimal() and text[-1:] in "mhd")))
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 7d"):
        duration_seconds(text)
