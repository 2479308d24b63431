"""The accounting as Markdown, for the screen and the docs. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.chaos.books import Books


def phases_table(books: Books, felt: Sequence[tuple[str, str]]) -> list[str]:
    """One line for each phase, in their order: what was done and what became of the attempts."""
    outcomes = Counter((each.phase, each.outcome) for each in books.attempts)
    stored = {row.request_id for row in books.rows}
    done: Counter[tuple[str, str]] = Counter()
    for each in books.attempts:
        if each.outcome == "completed":
            done[each.phase, "stored" if each.id in stored else "missing"] += 1
        elif each.outcome == "cut" and each.id in stored:
            done[each.phase, "extra"] += 1
    rows = [
        (
            name,
            what,
            outcomes[name, "completed"],
            done[name, "stored"],
            done[name, "missing"],
            outcomes[name, "cut"],
            done[name, "extra"],
            outcomes[name, "refused"] + outcomes[name, "unreached"],
        )
        for name, what in felt
    ]
    heads = (
        "phase",
        "what happened",
        "answers",
        "stored",
        "not stored",
        "cut off",
        "of these stored",
        "turned away",
    )
    return _table(heads, rows)


def pods_table(books: Books) -> list[str]:
    """One line for each pod and their sum."""
    rows: list[tuple[object, ...]] = []
    sums = [0] * 6
    for book in map(books.of, books.pods):
        undelivered = book.undelivered or 0
        figures = [book.completed, len(book.extra), book.stored, book.dropped, undelivered]
        figures.append(book.completed + len(book.extra) - book.stored - book.dropped - undelivered)
        sums = [total + each for total, each in zip(sums, figures, strict=True)]
        rows.append((book.pod[:8], *figures))
    heads = (
        "pod",
        "answers",
        "+ cut off but stored",
        "− stored",
        "− dropped",
        "− undelivered",
        "= difference",
    )
    return _table(heads, [*rows, ("all", *sums)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return lines + [f"| {' | '.join(map(_cell, row))} |" for row in rows]


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
