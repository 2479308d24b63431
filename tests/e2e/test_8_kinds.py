"""Flows of every kind are served, described and recorded; a broken one of any kind is refused by its name."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import flows, manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

KINDS = {
    "dag": ({}, "of-a-dag", "dag", ["reply"]),
    "flex": ({}, "flex: How much does the lantern 1 cost?", "flex", ["output"]),
    "prompty": ({}, "of-a-prompty", "prompty", ["output"]),
    "variants": ({"variant": "${say.chosen}"}, "chosen", "dag", ["reply"]),
}
EDITED = "edited"


def deployment(kind: str, name: str, key: str, **flow: str) -> tuple[Manifest, ...]:
    connection = {"name": flows.CONNECTION, "type": "OpenAI", "secretRef": {"name": name}}
    return (
        manifests.secret(name, {"api_key": key, "base_url": "http://key-teller:8000/v1"}),
        manifests.config_map(f"{name}-flow", flows.WHOLE[kind]),
        resources.flow_deployment(
            name,
            flow={"configMap": {"name": f"{name}-flow"}, **flow},
            replicas=1,
            connections=[connection],
            runtime={"errors": "Strict", "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}},
        ),
    )


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[World]:
    """One FlowDeployment of each kind, and one to be edited."""
    for kind, (flow, *_) in KINDS.items():
        world.kubectl.apply(*deployment(kind, kind, f"of-a-{kind}", **flow))
    world.kubectl.apply(*deployment("dag", EDITED, "whole"))
    for name in (*KINDS, EDITED):
        world.until_served(name)
    yield world
    world.kubectl("delete", "fd", *KINDS, EDITED)


@pytest.fixture(scope="module")
def answers(served: World) -> dict[str, dict[int, tuple[int, str]]]:
    """One answer of each, long before its record is looked for: the status counts once a minute."""
    return {name: served.ask(1, 1, name) for name in KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_a_flow_of_each_kind_answers(answers: dict[str, dict[int, tuple[int, str]]], name: str) -> None:
    assert answers[name] == {1: (200, KINDS[name][1])}


def error_name(files: dict[str, str], folder: Path) -> str:
    """What `flowop validate` calls a flow's error."""
    for name, text in files.items():
        (folder / name).write_text(text)
    known = folder.parent / "connections.yaml"
    known.write_text(f"name: {flows.CONNECTION}\ntype: open_ai\napi_key: k\n")
    command = [Path(sys.executable).parent / "flowop", "validate", folder, "--connections", known, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1, done.stderr
    return str(json.loads(done.stdout)["errors"][0]["name"])


@pytest.mark.parametrize("what", flows.BROKEN)
def test_a_broken_edit_is_called_what_flowop_validate_calls_it_and_the_old_flow_goes_on(
    served: World, what: str, tmp_path: Path
) -> None:
    (tmp_path / "flow").mkdir()
    name = error_name(flows.BROKEN[what], tmp_path / "flow")
    before = (served.kubectl.get("fd", EDITED) or {})["status"]["revision"]
    served.kubectl.apply(manifests.config_map(f"{EDITED}-flow", flows.BROKEN[what]))

    def told() -> str:
        status = (served.kubectl.get("fd", EDITED) or {})["status"]
        ready = waits.condition({"status": status}, "Ready")
        assert status["revision"] != before, status
        assert (ready["status"], ready["reason"]) == ("False", "FlowInvalid"), ready
        return str(ready["message"])

    message = waits.until(f"the error of {what}", told, 60)
    assert f": {name}: " in message
    assert "keeps serving with 1 pod" in message
    assert served.ask(1, 1, EDITED) == {1: (200, "whole")}


def test_the_whole_flow_again_is_the_old_revision_whose_pod_was_never_touched(served: World) -> None:
    served.kubectl.apply(manifests.config_map(f"{EDITED}-flow", flows.WHOLE["dag"]))
    waits.until_condition(served.kubectl, "fd", EDITED, "Ready", "True")
    (pod,) = waits.until_ready_pods(served.kubectl, served.pods_of(EDITED), 1)
    statuses = pod["status"]["containerStatuses"] + pod["status"]["initContainerStatuses"]
    assert [status["restartCount"] for status in statuses] == [0, 0]


@pytest.mark.parametrize("name", KINDS)
def test_a_flow_of_each_kind_is_described_and_recorded(
    served: World, answers: dict[str, dict[int, tuple[int, str]]], name: str
) -> None:
    _, _, kind, outputs = KINDS[name]

    def stored() -> dict[str, object]:
        status = (served.kubectl.get("fd", name) or {})["status"]
        assert status["collection"].get("stored") == 1, status["collection"]
        return status

    status = waits.until("a record in the store", stored, 150, every=1)
    assert status["flow"]["kind"] == kind
    assert [port["name"] for port in status["flow"].get("inputs", [])] == ["query"]
    assert [port["name"] for port in status["flow"]["outputs"]] == outputs
    columns = served.kubectl("get", "fd", name, "-o", "wide").splitlines()[1].split()
    assert columns[:3] == [name, "1/1", "1"]
    assert {"1", kind, "Ready"} <= set(columns[5:])
