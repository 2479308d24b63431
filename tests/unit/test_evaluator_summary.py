"""The summary always fits into a termination message."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict
from flow_runtime.evaluator.result import overall
from flow_runtime.evaluator.summary import fit, line
from flow_runtime.termination import publish
from tests.unit.evaluator_parts import NOW

COUNTS = st.integers(0, 10**6)
RATES = st.none() | st.floats(0, 1)
METRIC = st.builds(
    MetricSummary,
    name=st.text("abcdefghij-", min_size=1, max_size=63),
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(["ThresholdInsideInterval", "TooFewSamples"]),
    pass_rate=RATES,
    low=RATES,
    high=RATES,
    passed=COUNTS,
    failed=COUNTS,
    errors=COUNTS,
    not_evaluable=COUNTS,
    skipped=COUNTS,
    row_threshold=st.integers(1, 5),
    pass_rate_percent=st.integers(0, 100),
)


def summary(**changes: object) -> RunSummary:
    fields: dict[str, object] = {
        "run": "weekly-29384756-8f14e45f",
        "window_start": NOW,
        "window_end": NOW,
        "started": NOW,
        "finished": NOW,
        "records": 1000,
        "sampled": 200,
        "url": "s3://bucket/report.html",
    }
    return RunSummary.model_validate(fields | changes)


@given(st.lists(METRIC, max_size=12), st.text(max_size=6000), st.text(max_size=6000), st.text(max_size=1500))
def test_any_summary_fits_and_reads_back_with_all_its_numbers(
    metrics: list[MetricSummary], message: str, judge_message: str, url: str
) -> None:
    made = summary(metrics=tuple(metrics), message=message, judge_message=judge_message, url=url)
    data = fit(made)
    assert len(data) <= 4096
    back = RunSummary.model_validate_json(data)
    assert [(each.name, each.verdict, each.passed, each.failed) for each in back.metrics] == [
        (each.name, each.verdict, each.passed, each.failed) for each in metrics
    ]


def test_a_short_summary_is_not_cut() -> None:
    made = summary(message="one line", judge_message="9 of 9 probes failed as they must")
    assert RunSummary.model_validate_json(fit(made)) == made


def test_messages_go_first_and_the_url_stays() -> None:
    made = summary(message="あ" * 5000)
    back = RunSummary.model_validate_json(fit(made))
    assert back.url == made.url
    assert 0 < len(back.message) < 5000


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\x00b"])
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    assert line(text, 100).isprintable()


def test_the_summary_is_written_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOW_TERMINATION_LOG", str(tmp_path / "message"))
    publish(fit(summary()))
    assert json.loads((tmp_path / "message").read_bytes()) == json.loads(capsys.readouterr().out)


def test_the_worst_verdict_is_the_runs() -> None:
    def metric(verdict: Verdict) -> MetricSummary:
        return MetricSummary(
            name="m", verdict=verdict, reason="", pass_rate=None, low=None, high=None, passed=0, failed=0,
            errors=0, not_evaluable=0, skipped=0, row_threshold=3, pass_rate_percent=70,
        )  # fmt: skip

    good, bad, open_ = (metric(verdict) for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE))
    assert overall([good, bad, open_]) is Verdict.FAIL
    assert overall([good, open_]) is Verdict.INCONCLUSIVE
    assert overall([good, good]) is Verdict.PASS
    assert overall([]) is Verdict.INCONCLUSIVE
