"""Turn a run into lines for the screen. Texts of users and models are cleaned and cut. Pure."""

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.run import MetricSummary, RunSummary
from flow_runtime.evaluator.report import ReportRow

WIDTH = 100
TEXT_LIMIT = 600
OBJECTS_SHOWN = 12
INDENT = "    "


def clean(text: str) -> str:
    """One line without control characters, cut: what a terminal may be shown of a stranger's text."""
    plain = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= TEXT_LIMIT else f"{plain[: TEXT_LIMIT - 1]}…"


def table(rows: Iterable[Iterable[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Columns as wide as they need to be; those in `right` end flush."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [
        "  "
        + "  ".join(
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def metric_lines(summary: RunSummary) -> list[str]:
    """The verdict of each metric, with its interval."""
    head = ("METRIC", "VERDICT", "WHY", "PASS RATE", "INTERVAL", "NEEDS", "PASSED", "FAILED", "ERRORS")
    return table([head, *(_metric(m) for m in summary.metrics)], right=frozenset({3, 4, 5, 6, 7, 8}))


def row_lines(row: ReportRow, judgements: Iterable[Judgement]) -> list[str]:
    """One record: question, answer, then score, reason and quotes of each judgement."""
    lines = [*_wrapped("question", row.question or ""), *_wrapped("answer", row.answer or "")]
    for j in judgements:
        lines += _judgement(j)
    return lines


def worst_lines(rows: Iterable[ReportRow]) -> list[str]:
    """The worst rows with the judgements that failed."""
    lines: list[str] = []
    for number, row in enumerate(rows, 1):
        failed = sorted(
            (j for j in row.judgements if j.outcome is Outcome.FAILED), key=lambda j: j.score or 0
        )
        lines += [f"  {number}.", *row_lines(row, failed)]
    return lines or ["  none: every judged row passed"]


def object_lines(objects: tuple[str, ...]) -> list[str]:
    """The objects of the store, the middle of a long list left out."""
    if len(objects) <= OBJECTS_SHOWN:
        return [f"  {name}" for name in objects]
    half = OBJECTS_SHOWN // 2
    left_out = f"  … {len(objects) - OBJECTS_SHOWN} more …"
    return [*(f"  {o}" for o in objects[:half]), left_out, *(f"  {o}" for o in objects[-half:])]


def percent(rate: float | None) -> str:
    """A fraction of 1 in percent; "-" for one that is not known."""
    return "-" if rate is None else f"{rate * 100:.0f} %"


def _metric(m: MetricSummary) -> tuple[str, ...]:
    interval = "-" if m.low is None or m.high is None else f"{m.low * 100:.0f}-{m.high * 100:.0f} %"
    counts = (str(m.passed), str(m.failed), str(m.errors))
    return (m.name, m.verdict, m.reason, percent(m.pass_rate), interval, f"{m.pass_rate_percent} %", *counts)


def _judgement(j: Judgement) -> Iterator[str]:
    score = f"{j.score} of 5 (passes from {j.row_threshold})" if j.score is not None else j.outcome
    yield from _wrapped(j.metric, f"{score}: {clean(j.reason) or (j.error.type if j.error else '')}")
    for quote in j.quotes[:2]:
        mark = "" if quote.found else " - not found in the material"
        yield from _wrapped("", f'{quote.where.lower() or "quote"}: "{clean(quote.text)}"{mark}')


def _wrapped(label: str, text: str) -> list[str]:
    first = f"{INDENT}{label:<13}"
    return textwrap.wrap(
        clean(text) or "(empty)", WIDTH, initial_indent=first, subsequent_indent=" " * len(first)
    )
