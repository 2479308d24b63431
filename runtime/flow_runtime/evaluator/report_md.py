"""Writes the report as Markdown, for terminals and merge requests. Pure. No foreign text becomes markup."""

import html
import re
from collections.abc import Iterable, Iterator

from flow_runtime.contracts.judgement import Judgement
from flow_runtime.contracts.run import MetricSummary
from flow_runtime.evaluator.report import Report, ReportRow
from flow_runtime.evaluator.result import overall
from flow_runtime.evaluator.summary import line
from flow_runtime.evaluator.wording import OUTCOMES, lost, percent, score, title, why

ROWS = 20
"""The worst ones; report.json has all."""
TEXT_LIMIT = 1500
_COLUMNS = (
    "quality",
    "verdict",
    "pass rate",
    "interval",
    "threshold",
    *("passed", "failed", "judge errors", "not evaluable", "skipped"),
)
_MARKUP = re.compile(r"[\\`*_\[\]|#~!>+-]")


def markdown_report(report: Report) -> str:
    """Render verdicts and the worst rows."""
    return "\n".join((*_head(report), *_metrics(report), *_rows(report))) + "\n"


def _head(report: Report) -> Iterator[str]:
    summary, identity = report.summary, report.identity
    verdict = overall(summary.metrics)
    yield f"# {identity.namespace}/{identity.deployment}: {verdict}"
    yield ""
    yield title(summary, verdict)
    yield ""
    yield f"- Monitor {report.monitor}, run {summary.run}"
    yield f"- Window {summary.window_start:%Y-%m-%d %H:%M} to {summary.window_end:%Y-%m-%d %H:%M} UTC"
    yield f"- {summary.records} records, {summary.sampled} distinct ones drawn"
    if summary.missing_segments:
        yield f"- {lost(summary.missing_segments)}"
    yield f"- Judge {_inline(report.judge_model)}"
    for text in (summary.judge_message, summary.message):
        if text:
            yield f"- {_inline(text)}"
    yield ""


def _metrics(report: Report) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in _COLUMNS)} |"
    for each in report.summary.metrics:
        interval = f"{percent(each.low)} to {percent(each.high)}"
        counts = (each.passed, each.failed, each.errors, each.not_evaluable, each.skipped)
        cells = (
            each.name,
            each.verdict,
            percent(each.pass_rate),
            interval,
            f"{each.pass_rate_percent} %",
            *counts,
        )
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"
    yield ""
    yield from _reasons(report.summary.metrics, report)


def _reasons(metrics: Iterable[MetricSummary], report: Report) -> Iterator[str]:
    for each in metrics:
        yield f"- {each.name}: {why(each, report.verdict)}"
    yield ""


def _rows(report: Report) -> Iterator[str]:
    if not report.rows:
        return
    yield f"## The worst {min(ROWS, len(report.rows))} of {len(report.rows)}"
    yield ""
    for row in report.rows[:ROWS]:
        yield from _row(row)


def _row(row: ReportRow) -> Iterator[str]:
    yield f"### {row.record_ids[0]}"
    yield ""
    for name, text in (("Question", row.question), ("Answer", row.answer)):
        yield f"{name}:"
        yield ""
        yield _block("(not in the record)" if text is None else text or "(empty)")
        yield ""
    for judgement in row.judgements:
        yield from _judgement(judgement)
    yield ""


def _judgement(judgement: Judgement) -> Iterator[str]:
    said = f"{judgement.error.type}: {judgement.error.message}" if judgement.error else judgement.reason
    yield f"- **{judgement.metric}** {OUTCOMES[judgement.outcome]}, {score(judgement)}: {_inline(said)}"
    for quote in judgement.quotes:
        mark = f"in {quote.where.lower()}" if quote.found else "not found in the material"
        yield f"  - {mark}: {_inline(quote.text)}"


def _inline(text: str) -> str:
    """One line, its signs escaped: nothing in it can become markup."""
    return _MARKUP.sub(r"\\\g<0>", html.escape(line(text, TEXT_LIMIT), quote=False))


def _block(text: str) -> str:
    """An indented block: no text can close it."""
    cut = text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " …"
    return "\n".join(
        "    " + "".join(char if char.isprintable() else " " for char in row) for row in cut.splitlines()
    )
