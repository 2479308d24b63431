"""Measures the redactor and writes the table into docs/redaction.md: `python -m tests.redaction`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.redaction.measure import Row, measure

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"
BEGIN, END = "<!-- measured: make redaction -->\n", "<!-- end -->\n"


def table(rows: dict[str, Row]) -> str:
    """Write the counts, and every value that was missed or wrongly taken."""
    return "\n".join(
        [*_counts(rows), "", *_named("Missed", rows, "missed"), "", *_named("Wrongly masked", rows, "wrong")]
    )


def _counts(rows: dict[str, Row]) -> Iterator[str]:
    yield "| kind | planted | caught | missed | look-alikes | wrongly masked |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    total = [0] * 5
    for kind, row in rows.items():
        counts = [row.planted, row.caught, row.missed.total(), row.lookalikes, row.wrong.total()]
        total = [before + count for before, count in zip(total, counts, strict=True)]
        yield f"| {kind} | " + " | ".join(map(str, counts)) + " |"
    yield "| all | " + " | ".join(map(str, total)) + " |"


def _named(title: str, rows: dict[str, Row], field: str) -> Iterator[str]:
    yield f"{title}:"
    for kind, row in rows.items():
        for value, count in sorted(getattr(row, field).items()):
            yield f"- {kind}: `{value}` ({count} times)"


def page(text: str, measured: str) -> str:
    """Put the table in its place."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{begin}{measured}\n{end}{tail}"


def main() -> int:
    measured = table(measure())
    print(measured)
    PAGE.write_text(page(PAGE.read_text(), measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
