"""The example is a whole flow: it loads, finds its documents, and its resources are valid."""

import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.load import load_flow
from hack.demo.example import FOLDER, STORY, flow_archive, questions

ROOT = Path(__file__).parents[2]
DOCUMENTS = FOLDER / "flow" / "documents"
Fetch = Callable[..., str]


@pytest.fixture(scope="module")
def fetch_docs() -> Fetch:
    """The retrieval step, imported as a flow's file is: by the loader."""
    flow = load_flow(FOLDER / "flow", {"open_ai_connection": ConnectionType.OPENAI})
    node = next(n for n in flow.nodes if n.name == "fetch_docs")
    function: Fetch = node.bound.plain  # type: ignore[union-attr]
    return function


def cited(text: str) -> list[str]:
    return re.findall(r"^\[(doc\d+)\]", text, re.MULTILINE)


def test_the_flow_loads_and_is_a_chat_over_documents():
    flow = load_flow(FOLDER / "flow", {"open_ai_connection": ConnectionType.OPENAI})
    assert list(flow.inputs) == ["query", "chat_history"]
    assert list(flow.outputs) == ["reply", "fetched_docs"]


def test_the_fetched_documents_are_collected_but_not_sent():
    dag = yaml.safe_load((FOLDER / "flow" / "flow.dag.yaml").read_text())
    assert dag["outputs"]["fetched_docs"]["evaluation_only"] is True


def test_the_storys_order_stands_in_document_three_and_is_found_by_the_japanese_question(fetch_docs: Fetch):
    found = fetch_docs(STORY, [])
    assert cited(found)[0] == "doc3"
    assert "Daniel Wilson ordered the BaseCamp Folding Table on May 7th, 2023." in found


def test_a_japanese_question_finds_the_japanese_document(fetch_docs: Fetch):
    assert cited(fetch_docs("燃料缶は日本に送れますか？", []))[0] == "doc12"


def test_a_follow_up_is_looked_up_with_the_question_before_it(fetch_docs: Fetch):
    history = [{"inputs": {"query": "Who made order 1090?"}, "outputs": {"reply": "Kenji Morita. [doc4]"}}]
    assert "doc4" in cited(fetch_docs("And why is it late?", history))


def test_a_question_without_a_known_word_finds_nothing(fetch_docs: Fetch):
    assert fetch_docs("Qwertz?", []) == ""


def test_no_more_documents_come_than_asked_for(fetch_docs: Fetch):
    assert len(cited(fetch_docs("order the table", [], limit=2))) == 2


def test_there_are_sixty_different_questions_with_follow_ups_and_the_storys_among_them():
    asked = questions()
    assert len({json.dumps(q, sort_keys=True) for q in asked}) == 60
    assert sum(bool(q["chat_history"]) for q in asked) >= 6
    assert STORY in [q["query"] for q in asked]


def test_the_archive_is_equal_for_equal_files_and_holds_them_without_a_top_folder():
    assert flow_archive() == flow_archive()
    with tarfile.open(fileobj=io.BytesIO(flow_archive())) as archive:
        names = archive.getnames()
    assert "flow.dag.yaml" in names
    assert len([n for n in names if n.startswith("documents/")]) == len(list(DOCUMENTS.glob("*.md")))


def test_the_archive_can_name_another_model():
    with tarfile.open(fileobj=io.BytesIO(flow_archive("other-model"))) as archive:
        member = archive.extractfile("flow.dag.yaml")
        assert member is not None
        dag = yaml.safe_load(member.read())
    assert dag["nodes"][1]["inputs"]["model"] == "other-model"


@pytest.mark.parametrize("kind", ["flowdeployment", "flowmonitor"])
def test_the_resources_fit_the_published_schema_without_unknown_fields(kind: str):
    crd = yaml.safe_load((ROOT / "crds" / f"{kind}s.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    manifest = yaml.safe_load((FOLDER / "kubernetes" / f"{kind}.yaml").read_text())
    jsonschema.validate(manifest["spec"], closed(schema))


def closed(schema: Any) -> Any:
    """The schema, refusing fields that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        inner["additionalProperties"] = False
    return inner


def test_the_monitor_maps_what_the_flow_declares():
    mapping = yaml.safe_load((FOLDER / "kubernetes" / "flowmonitor.yaml").read_text())["spec"]["mapping"]
    assert mapping == {
        "prompt": "inputs.query",
        "completion": "outputs.reply",
        "context": "outputs.fetched_docs",
    }
