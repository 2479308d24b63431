"""The demo's pure parts: what is shown, which LLM is chosen, what is put into the cluster."""

from datetime import UTC, datetime

import pytest

from flow_runtime.contracts.judgement import Judgement, Outcome, Quote
from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict
from flow_runtime.evaluator.report import ReportRow
from hack.demo import helpers, llm
from hack.demo.asking import Answered, told
from hack.demo.kubectl import condition
from hack.demo.screen import DemoError
from hack.demo.summary import WIDTH, clean, metric_lines, object_lines, table, worst_lines

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def row(reason: str, question: str = "When?", score: int = 2) -> ReportRow:
    judgement = Judgement(
        record_id="1",
        metric="relevance",
        outcome=Outcome.FAILED,
        score=score,
        row_threshold=3,
        reason=reason,
        quotes=(Quote(text="May 7th", where="ANSWER", found=False),),
    )
    return ReportRow(
        record_ids=("1",),
        time=NOW,
        revisions=("r",),
        question=question,
        answer="x",
        context=None,
        judgements=(judgement,),
    )


def run_of(*metrics: MetricSummary) -> RunSummary:
    return RunSummary(
        run="r",
        window_start=NOW,
        window_end=NOW,
        started=NOW,
        finished=NOW,
        records=2,
        sampled=2,
        url="s3://b",
        metrics=metrics,
    )


def metric(rate: float | None) -> MetricSummary:
    return MetricSummary(
        name="relevance",
        verdict=Verdict.INCONCLUSIVE,
        reason="TooFewSamples",
        pass_rate=rate,
        low=rate,
        high=rate,
        passed=1,
        failed=1,
        errors=0,
        not_evaluable=0,
        skipped=0,
        row_threshold=3,
        pass_rate_percent=70,
    )


def test_control_characters_of_a_strangers_text_do_not_reach_the_terminal():
    assert clean("a\x1b[31mred\r\nb\u202ec\x07") == "a [31mred b c"


def test_a_long_text_is_cut_with_a_mark():
    assert clean("x" * 1000).endswith("x…")


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_end_flush():
    assert table([("NAME", "N"), ("a", "10")], right=frozenset({1})) == ["  NAME   N", "  a     10"]


def test_a_verdict_line_shows_rate_interval_and_threshold():
    shown = " ".join(metric_lines(run_of(metric(0.5)))[1].split())
    assert shown == "relevance Inconclusive TooFewSamples 50 % 50-50 % 70 % 1 1 0"


def test_a_rate_that_is_not_known_is_a_dash_and_never_zero():
    assert " - " in metric_lines(run_of(metric(None)))[1]
    assert " 0 %" not in metric_lines(run_of(metric(None)))[1]


def test_a_worst_row_has_question_answer_score_reason_and_marks_a_quote_that_was_not_found():
    text = "\n".join(worst_lines([row("It gives no date.")]))
    for part in ("When?", "2 of 5 (passes from 3): It gives no date.", 'answer: "May 7th" - not found'):
        assert part in text


def test_no_line_of_a_row_is_wider_than_the_screen():
    assert max(map(len, worst_lines([row("word " * 200)]))) <= WIDTH


def test_no_bad_row_is_said_and_not_left_blank():
    assert worst_lines([]) == ["  none: every judged row passed"]


def test_the_middle_of_a_long_list_of_objects_is_left_out():
    lines = object_lines(tuple(f"o{i:02}" for i in range(20)))
    assert len(lines) == 13
    assert "8 more" in lines[6]


@pytest.mark.parametrize(
    ("environment", "kind", "model", "url"),
    [
        ({}, llm.Kind.STUB, "scripted-stub", ""),
        ({"LLM": "local"}, llm.Kind.LOCAL, "gemma-3-270m", ""),
        ({"OPENAI_API_KEY": "k"}, llm.Kind.OWN, "gpt-5-mini", "https://api.openai.com/v1"),
        ({"OPENAI_BASE_URL": "http://x/v1/", "LLM": "local"}, llm.Kind.OWN, "gpt-5-mini", "http://x/v1"),
        ({"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"}, llm.Kind.OWN, "m", "https://api.openai.com/v1"),
    ],
)
def test_the_llm_is_the_users_own_then_the_local_one_then_the_stub(
    environment: dict[str, str], kind: llm.Kind, model: str, url: str
):
    chosen = llm.choose(environment)
    assert (chosen.kind, chosen.model, chosen.base_url) == (kind, model, url)


def test_an_unknown_llm_is_refused_with_what_may_be_asked_for():
    with pytest.raises(DemoError) as refused:
        llm.choose({"LLM": "big"})
    assert "LLM=local" in refused.value.advice


def test_a_key_is_never_shown():
    chosen = llm.choose({"OPENAI_API_KEY": "sk-very-secret"})
    assert "sk-very-secret" not in repr(chosen) + chosen.said()


def test_the_stub_is_called_a_stub_on_the_screen():
    assert "a stub" in llm.choose({}).said()


def test_what_failed_is_told_beside_what_was_answered():
    text = told([Answered(200, 0.02), Answered(200, 1.5), Answered(502, 0.1, "the LLM is away")])
    assert text == "2 answered, median 1.5 s, slowest 1.5 s; 1 failed, the first with 502: the LLM is away"


def test_every_helper_pod_is_restricted():
    manifests = [*helpers.s3_server("versitygw:1", "runtime:1"), *helpers.scripted_llm("runtime:1")]
    pods = [m["spec"]["template"]["spec"] for m in manifests if m["kind"] == "Deployment"]
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod["initContainers"], *pod["containers"]]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_namespace_enforces_restricted_pods():
    labels = helpers.namespace("x")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_credential_stands_in_a_pods_manifest():
    manifests = str(helpers.s3_server("versitygw:1", "runtime:1"))
    assert "secretKeyRef" in manifests
    assert "value':" not in manifests


def test_a_condition_that_is_not_there_is_neither_true_nor_false():
    assert condition(None, "Ready") == ("", "")
    live = {"status": {"conditions": [{"type": "Ready", "status": "True", "message": "3 of 3"}]}}
    assert condition(live, "Ready") == ("True", "3 of 3")
