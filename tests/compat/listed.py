"""The differences that docs/compatibility.md lists: table rows that begin with a flow and its requests."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs/compatibility.md"
_ROW = re.compile(r"^\| `([\w-]+)` \| ([\w, ]+) \| .*\|$", re.MULTILINE)


def listed() -> dict[tuple[str, str], str]:
    """(flow, request) to its row; a row may name several requests."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    return {
        (found[1], request.strip()): found[0]
        for found in _ROW.finditer(text)
        for request in found[2].split(",")
    }
