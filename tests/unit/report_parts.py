"""Reports and rows that the tests of the reports share, and hostile texts to fill them with."""

from html.parser import HTMLParser
from typing import Any

from flow_runtime.contracts.judgement import JudgeIdentity, Judgement, JudgementError, Outcome, Quote
from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict
from flow_runtime.contracts.settings import Identity, Mapping, VerdictSettings
from flow_runtime.evaluator.report import MetricDetail, Report, ReportRow, RevisionRate
from tests.unit.evaluator_parts import NOW

HOSTILE = [
    "<script>alert(1)</script>",
    "</p></article><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)",
    "</style><style>*{display:none}",
    "&lt;b&gt;&amp;",
    "# heading\n| a | b |\n```\n[link](javascript:alert(1)) ![img](http://x/y.png)",
    "\u202eevil",
]
JUDGE = JudgeIdentity(model="judge-1", response_model="judge-1-0601", rubric="0123456789ab")


def judgement(outcome: Outcome, score: int | None = None, **changes: Any) -> Judgement:
    fields: dict[str, Any] = {"record_id": "id-1", "metric": "relevance", "row_threshold": 3, "judge": JUDGE}
    return Judgement(outcome=outcome, score=score, **(fields | changes))


def row(*judgements: Judgement, id_: str = "id-1", **changes: Any) -> ReportRow:
    fields: dict[str, Any] = {
        "record_ids": (id_,),
        "time": NOW,
        "revisions": ("0123456789ab",),
        "question": "When?",
        "answer": "May 7th",
        "context": "[doc1] May 7th",
    }
    return ReportRow(judgements=judgements, **(fields | changes))


def report(*rows: ReportRow, **changes: Any) -> Report:
    metric = MetricSummary(
        name="relevance",
        verdict=Verdict.FAIL,
        reason="BelowThreshold",
        pass_rate=0.5,
        low=0.4,
        high=0.6,
        passed=50,
        failed=50,
        errors=3,
        not_evaluable=1,
        skipped=2,
        row_threshold=3,
        pass_rate_percent=70,
    )
    summary = RunSummary(
        run="r1",
        window_start=NOW,
        window_end=NOW,
        started=NOW,
        finished=NOW,
        records=1000,
        sampled=106,
        url="file:///s/report.html",
        metrics=(metric,),
        judge_healthy=True,
        judge_message="9 of 9 probes failed as they must",
    )
    detail = MetricDetail(
        name="relevance",
        coverage=100 / 103,
        evaluable_share=0.99,
        if_errors_failed=0.485,
        if_errors_passed=0.515,
        traffic_pass_rate=0.4,
        revisions=(RevisionRate(revision="a", judged=3, pass_rate=None),),
    )
    fields: dict[str, Any] = {
        "identity": Identity(namespace="shop", deployment="bot"),
        "monitor": "weekly",
        "summary": summary,
        "details": (detail,),
        "judge_model": "judge-1",
        "mapping": Mapping(prompt="inputs.query", completion="outputs.reply"),
        "verdict": VerdictSettings(),
        "passed_over": 4,
        "unreadable": 0,
        "probes": (),
        "rows": rows,
    }
    return Report(**(fields | changes))


class Page(HTMLParser):
    """What a browser would see of a page: its elements, attributes and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_report(text: str) -> Report:
    each = judgement(
        Outcome.FAILED,
        1,
        reason=text,
        quotes=(Quote(text=text, where="ANSWER", found=True), Quote(text=text, where="", found=False)),
    )
    broken = judgement(Outcome.ERROR, error=JudgementError(type="unparsable", message=text))
    return report(
        row(each, broken, question=text, answer=text, context=text),
        judge_model=text,
        probes=(judgement(Outcome.FAILED, 1, record_id=f"probe/{text}"),),
    )
