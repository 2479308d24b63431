"""From a record to question, answer and context; equal material is one case."""

from pathlib import Path

import pytest

from flow_runtime.contracts.judgement import Outcome
from flow_runtime.contracts.settings import Mapping, MetricSettings
from flow_runtime.evaluator.cases import cases_of
from flow_runtime.evaluator.judge import judged_by_rule
from flow_runtime.evaluator.mapping import documents_text, material_of, missing
from flow_runtime.evaluator.rubrics import RUBRICS
from tests.unit.evaluator_parts import record, settings

MAPPING = settings(Path("/s")).mapping
RELEVANCE = MetricSettings(name="relevance")
GROUNDEDNESS = MetricSettings(name="groundedness")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("inputs.query", "How?"),
        ("outputs.reply", "So."),
        ("nodes.fetch.docs.0.text", "first"),
        ("nodes.fetch.docs.1", '{"text": "第二"}'),
        ("outputs.count", "3"),
        ("outputs.flag", "false"),
        ("outputs.nothing", None),
        ("outputs.reply.text", None),
        ("outputs.gone", None),
        ("nodes.fetch.docs.9", None),
        ("nodes.fetch.docs.-1", None),
        ("status", None),
        ("", None),
        ("..", None),
    ],
)
def test_a_path_leads_to_text_or_to_nothing(path: str, found: str | None) -> None:
    made = record(
        1,
        inputs={"query": "How?"},
        outputs={"reply": "So.", "count": 3, "flag": False, "nothing": None},
        nodes={"fetch": {"docs": [{"text": "first"}, {"text": "第二"}]}},
    )
    assert material_of(made, Mapping(prompt=path, completion="outputs.reply")).prompt == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (["a", "b"], "[doc1]\na\n\n[doc2]\nb"),
        (["[doc4] a", " [Doc 7]b"], "[doc4] a\n\n [Doc 7]b"),
        ([{"title": "T", "text": "x"}], "[doc1]\ntitle: T\ntext: x"),
        ([], ""),
        ({"a": 1}, '{"a": 1}'),
        ([["nested"]], '[doc1]\n["nested"]'),
    ],
)
def test_documents_are_joined_and_numbered_as_answers_cite_them(value: object, text: str) -> None:
    assert documents_text(value) == text  # type: ignore[arg-type]


def test_a_path_that_leads_nowhere_is_explained() -> None:
    made = record(1)
    assert missing(made, "outputs.answer") == "outputs.answer: outputs has no 'answer', it has: docs, reply"
    assert missing(made, "output.reply").startswith("output.reply: the record has no 'output'")


def test_records_with_the_same_material_are_one_case() -> None:
    same = {"inputs": {"query": "q"}, "outputs": {"reply": "a", "docs": []}}
    records = [record(1, **same), record(2), record(3, **same, revision="ba9876543210")]
    cases = cases_of(records, MAPPING)
    assert sorted(len(case.records) for case in cases) == [1, 2]


def test_another_context_makes_another_case() -> None:
    one = record(1, inputs={"query": "q"}, outputs={"reply": "a", "docs": ["x"]})
    two = record(2, inputs={"query": "q"}, outputs={"reply": "a", "docs": ["y"]})
    assert len(cases_of([one, two], MAPPING)) == 2


def test_the_order_of_cases_does_not_follow_time() -> None:
    ids = [case.id for case in cases_of([record(number) for number in range(50)], MAPPING)]
    assert ids != sorted(ids)
    assert ids == [case.id for case in cases_of([record(number) for number in reversed(range(50))], MAPPING)]


@pytest.mark.parametrize(
    ("outputs", "inputs", "metric", "outcome"),
    [
        ({"reply": "", "docs": []}, {"query": "q"}, RELEVANCE, Outcome.FAILED),
        ({"reply": " \n", "docs": []}, {"query": "q"}, GROUNDEDNESS, Outcome.FAILED),
        ({"docs": []}, {"query": "q"}, RELEVANCE, Outcome.NOT_EVALUABLE),
        ({"reply": None, "docs": []}, {"query": "q"}, RELEVANCE, Outcome.NOT_EVALUABLE),
        ({"reply": "a"}, {"query": "q"}, GROUNDEDNESS, Outcome.NOT_EVALUABLE),
        ({"reply": "a", "docs": []}, {"query": " "}, RELEVANCE, Outcome.NOT_EVALUABLE),
        ({"reply": "a", "docs": []}, {}, RELEVANCE, Outcome.NOT_EVALUABLE),
        ({"reply": "a"}, {"query": "q"}, RELEVANCE, None),
        ({"reply": "a", "docs": []}, {"query": "q"}, GROUNDEDNESS, None),
    ],
)
def test_what_can_be_decided_without_the_judge_is(
    outputs: dict[str, object], inputs: dict[str, object], metric: MetricSettings, outcome: Outcome | None
) -> None:
    [case] = cases_of([record(1, outputs=outputs, inputs=inputs)], MAPPING)
    ruled = judged_by_rule(case.subject(MAPPING), metric, RUBRICS[metric.name].needs)
    assert (ruled.outcome if ruled else None) is outcome
    if ruled:
        assert ruled.reason
        assert ruled.score is None


@pytest.mark.parametrize("cut", ["outputs.reply", "outputs.reply.text", "inputs.query"])
def test_what_was_cut_when_it_was_stored_is_not_evaluable(cut: str) -> None:
    made = record(1, inputs={"query": "How?"}, outputs={"reply": {"text": "So. [cut: 300000 bytes in all]"}})
    made = made.model_copy(update={"truncated": (cut, "inputs.other", "outputs.reply2")})
    [case] = cases_of([made], Mapping(prompt="inputs.query", completion="outputs.reply.text"))
    judgement = judged_by_rule(case.subject(MAPPING), RELEVANCE, RUBRICS["relevance"].needs)
    assert judgement is not None
    assert judgement.outcome is Outcome.NOT_EVALUABLE


def test_what_was_cut_beside_the_material_does_not_matter() -> None:
    made = record(1, inputs={"query": "How?"}, outputs={"reply": "So."})
    made = made.model_copy(update={"truncated": ("inputs.query2", "outputs.docs", "error.message")})
    material = material_of(made, Mapping(prompt="inputs.query", completion="outputs.reply"))
    assert (material.prompt, material.completion) == ("How?", "So.")


def test_of_what_was_cut_it_is_said_that_it_was() -> None:
    made = record(1, inputs={"query": "How?"}).model_copy(update={"truncated": ("inputs.query",)})
    assert missing(made, "inputs.query").startswith("inputs.query: it was too large to be stored whole")
