"""What puts figures into a page of the documentation: tables, and the places that are kept for them. Pure."""

from collections.abc import Iterable, Sequence


def fill(page: str, mark: str, figures: str) -> str:
    """Put figures in the place of those between the marks of a page. ValueError where there are none."""
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark.partition(':')[0]} -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"the page has no place between {begin} and {end}")
    return f"{before}{begin}\n{figures}\n{end}{after}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose columns are aligned in plain text, too; figures to the right. Empty rows are left out."""
    listed = [list(head), *(list(row) for row in rows if set(row[1:]) - {"–", ""})]
    widths = [max(len(row[no]) for row in listed) for no in range(len(head))]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if no == 0 else cell.rjust(width)
            for no, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in listed
    ]
    rule = (
        "|"
        + "|".join(
            "-" * (width + 2) if no == 0 else "-" * (width + 1) + ":" for no, width in enumerate(widths)
        )
        + "|"
    )
    return "\n".join((lines[0], rule, *lines[1:], ""))
