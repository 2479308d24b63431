"""Writes the report as one HTML page that needs nothing else: no script, font or picture from afar. Pure.

All text of users and models goes through Jinja's escaping; the page's own policy (CSP) lets nothing load or
run.
"""

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from flow_runtime.contracts.judgement import Outcome
from flow_runtime.contracts.run import MetricSummary
from flow_runtime.evaluator.report import MetricDetail, Report
from flow_runtime.evaluator.result import overall
from flow_runtime.evaluator.wording import OUTCOMES, QUESTIONS, lost, percent, score, title, why

CONTEXT_LIMIT = 20_000
"""Characters of a context on the page; report.json has all of it."""
_WIDTH = 600


@dataclass(frozen=True)
class Picture:
    """An interval against its threshold, in a drawing of 600 units from 0 % to 100 %."""

    low: float
    width: float
    rate: float
    threshold: float
    label: str


def picture(metric: MetricSummary) -> Picture | None:
    """Measure the drawing of one metric; None when nothing was judged."""
    if metric.pass_rate is None or metric.low is None or metric.high is None:
        return None
    interval = f"interval from {percent(metric.low)} to {percent(metric.high)}"
    threshold = f"threshold {metric.pass_rate_percent} %"
    return Picture(
        low=round(metric.low * _WIDTH, 1),
        width=max(2.0, round((metric.high - metric.low) * _WIDTH, 1)),
        rate=round(metric.pass_rate * _WIDTH, 1),
        threshold=round(metric.pass_rate_percent * _WIDTH / 100, 1),
        label=f"pass rate {percent(metric.pass_rate)}, {interval}, {threshold}",
    )


def html_report(report: Report) -> str:
    """Render a whole report."""
    style = _file("report.css")
    details = {detail.name: detail for detail in report.details}
    metrics = [
        (metric, details[metric.name], picture(metric), why(metric, report.verdict))
        for metric in report.summary.metrics
    ]
    return _TEMPLATE.render(
        report=report,
        summary=report.summary,
        verdict=overall(report.summary.metrics),
        headline=title(report.summary, overall(report.summary.metrics)),
        metrics=metrics,
        style=style,
        style_hash=_hash(style),
        questions=QUESTIONS,
        outcomes=OUTCOMES,
        doubtful=_doubtful(report),
        context_limit=CONTEXT_LIMIT,
        several_revisions=len({revision for row in report.rows for revision in row.revisions}) > 1,
    )


def _doubtful(report: Report) -> dict[str, int]:
    """Count quotes that are not in the material, by metric: it is worth knowing that a judge invents."""
    counts: dict[str, int] = {}
    for row in report.rows:
        for judgement in row.judgements:
            lost = sum(not quote.found for quote in judgement.quotes)
            counts[judgement.metric] = counts.get(judgement.metric, 0) + lost
    return counts


def _bounds(detail: MetricDetail) -> str:
    """Say what the rate had been had each error been a fail, or a pass."""
    return f"{percent(detail.if_errors_failed)} to {percent(detail.if_errors_passed)}"


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _file(name: str) -> str:
    return (files("flow_runtime.evaluator") / "page" / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = percent
    environment.filters["score"] = score
    environment.filters["bounds"] = _bounds
    environment.filters["lost"] = lost
    environment.globals["Outcome"] = Outcome
    return environment


_TEMPLATE = _environment().from_string(_file("report.html.j2"))
