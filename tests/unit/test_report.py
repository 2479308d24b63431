"""The reports: complete, worst first, and harmless whatever users and models have written."""

import re

import pytest

from flow_runtime.contracts.judgement import JudgementError, Outcome, Quote
from flow_runtime.evaluator.report import badness
from flow_runtime.evaluator.report_html import CONTEXT_LIMIT, html_report, picture
from flow_runtime.evaluator.report_md import markdown_report
from flow_runtime.evaluator.wording import percent
from tests.unit.report_parts import HOSTILE, Page, hostile_report, judgement, report, row


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute_to_the_page(text: str) -> None:
    harmless, hostile = Page(html_report(hostile_report("harmless"))), Page(html_report(hostile_report(text)))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]


@pytest.mark.parametrize("text", HOSTILE[:7])
def test_hostile_text_is_shown_as_it_was_written(text: str) -> None:
    assert Page(html_report(hostile_report(text))).text.count(text) >= 5


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    html = html_report(hostile_report(HOSTILE[0]))
    page = Page(html)
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & set(page.tags)
    assert not [
        name for name, _ in page.attributes if name.startswith("on") or name in {"style", "src", "href"}
    ]
    policy = next(value or "" for name, value in page.attributes if value and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "http://" not in html.replace("http://x/y.png", "")


def test_the_page_names_score_threshold_reason_and_quotes_of_each_row() -> None:
    good = Quote(text="May 7th", where="CONTEXT", found=True)
    bad = Quote(text="May 8th", where="CONTEXT", found=False)
    each = judgement(Outcome.FAILED, 2, reason="It is late.", quotes=(good, bad))
    text = Page(html_report(report(row(each)))).text
    assert "failed · score 2, threshold 3" in text
    assert "It is late." in text
    assert "May 7th ✓ in the context" in text
    assert "May 8th ✗ not found in the material" in text
    assert "1 quote(s) of the judge are not in the material" in text


def test_nothing_is_said_of_lost_segments_where_none_is_missing() -> None:
    assert "missing in the window" not in html_report(report(row())) + markdown_report(report(row()))


def test_the_page_names_errors_and_never_shows_them_as_a_score() -> None:
    each = judgement(
        Outcome.ERROR, error=JudgementError(type="out_of_range", message="the score is 9, not 1 to 5")
    )
    text = Page(html_report(report(row(each)))).text
    assert "judge error" in text
    assert "out_of_range" in text
    assert "the score is 9, not 1 to 5" in text
    assert "score –" not in text


def test_every_text_finds_its_own_direction() -> None:
    each = judgement(Outcome.PASSED, 5, reason="x")
    html = html_report(report(row(each, question="متى؟", answer="いつ", context="c")))
    assert html.count('dir="auto"') >= 4
    assert "متى؟" in html
    assert "いつ" in html


def test_a_long_context_is_cut_on_the_page_and_says_so() -> None:
    text = Page(html_report(report(row(context="x" * (CONTEXT_LIMIT + 1))))).text
    assert "x" * CONTEXT_LIMIT in text
    assert "x" * (CONTEXT_LIMIT + 1) not in text
    assert "report.json holds all of it" in text


def test_a_report_without_rows_or_rates_can_be_read() -> None:
    empty = report()
    metric = empty.summary.metrics[0].model_copy(update={"pass_rate": None, "low": None, "high": None})
    summary = empty.summary.model_copy(
        update={"metrics": (metric,), "problem": "NoRecords", "judge_healthy": None}
    )
    none = empty.model_copy(update={"summary": summary})
    assert picture(metric) is None
    assert "There was nothing to judge" in Page(html_report(none)).text
    assert "There was nothing to judge" in markdown_report(none)


def test_the_picture_measures_the_interval() -> None:
    drawn = picture(report().summary.metrics[0])
    assert drawn is not None
    assert (drawn.low, drawn.width, drawn.rate, drawn.threshold) == (240, 120, 300, 420)


def test_rows_are_ordered_worst_first() -> None:
    failed_badly = row(judgement(Outcome.FAILED, 1), judgement(Outcome.PASSED, 5), id_="a")
    empty = row(judgement(Outcome.FAILED), id_="b")
    failed = row(judgement(Outcome.FAILED, 2), id_="c")
    error = row(judgement(Outcome.ERROR), judgement(Outcome.PASSED, 5), id_="d")
    not_evaluable = row(judgement(Outcome.NOT_EVALUABLE), id_="e")
    just = row(judgement(Outcome.PASSED, 3), id_="f")
    fine = row(judgement(Outcome.PASSED, 5), id_="g")
    shuffled = [fine, error, failed, just, empty, not_evaluable, failed_badly]
    assert [each.record_ids[0] for each in sorted(shuffled, key=badness)] == [
        "b",
        "a",
        "c",
        "d",
        "e",
        "f",
        "g",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_foreign_text_becomes_markup_of_the_markdown_report(text: str) -> None:
    lines = markdown_report(hostile_report(text)).splitlines()
    own = markdown_report(hostile_report("harmless")).splitlines()

    def headings(of: list[str]) -> list[str]:
        return [line for line in of if line.startswith("#")]

    assert headings(lines) == headings(own)
    assert not [line for line in lines if re.match(r"\s{0,3}(```|~~~|<)", line)]
    assert not [line for line in lines if re.search(r"(?<!\\)\]\(", line) and not line.startswith("    ")]


def test_the_markdown_report_shows_verdict_reason_and_quotes() -> None:
    quote = Quote(text="May 8th", where="", found=False)
    text = markdown_report(report(row(judgement(Outcome.FAILED, 2, reason="It is late.", quotes=(quote,)))))
    assert "# shop/bot: Fail" in text
    assert "| relevance | Fail | 50\N{NO-BREAK SPACE}% |" in text
    assert "- **relevance** failed, 2 / 3: It is late." in text
    assert "not found in the material: May 8th" in text


@pytest.mark.parametrize(
    ("rate", "text"), [(None, "–"), (0, "0 %"), (1, "100 %"), (0.8571, "85.7 %"), (0.5, "50 %")]
)
def test_a_rate_is_written_for_people_and_no_data_is_no_zero(rate: float | None, text: str) -> None:
    assert percent(rate).replace("\N{NO-BREAK SPACE}", " ") == text
