"""Measures the redactor and writes the tables into docs/redaction.md: `python -m tests.redaction`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.redaction.measure import Row, measure, measure_fresh

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"
BEGIN, SECOND = "<!-- measured: make redaction -->\n", "<!-- second set: make redaction -->\n"
END = "<!-- end -->\n"


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


def page(text: str) -> str:
    """Measure, and put the tables in their places."""
    for begin, rows in ((BEGIN, measure()), (SECOND, measure_fresh())):
        text = _placed(text, begin, table(rows))
    return text


def _placed(text: str, begin: str, measured: str) -> str:
    head, begin, rest = text.partition(begin)
    _, end, tail = rest.partition(END)
    return f"{head}{begin}{measured}\n{end}{tail}"


def main() -> int:
    text = page(PAGE.read_text())
    print(*(part.partition(END)[0] for part in text.partition(BEGIN)[2].split(SECOND)), sep="\n")
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
