"""docs/metrics.md and an exposition as the same thing: sets of (name, type, labels)."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
SUFFIXES = re.compile(r"_(bucket|count|sum)$")
Described = tuple[str, str, frozenset[str]]


def documented(section: str) -> set[Described]:
    """Read the table of a section: `| name | type | labels | … |`."""
    text = DOCS.read_text(encoding="utf-8")
    part = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line[:3] == "| `"
    ]
    assert rows, f"docs/metrics.md has no table below '## {section}'"
    return {(row[0].strip("`"), row[1], frozenset(re.findall(r"`(\w+)`", row[2]))) for row in rows}


def exposed(text: str) -> set[Described]:
    """Read an exposition; families without a sample have no labels to be compared."""
    found = set()
    for family in text_string_to_metric_families(text):
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        if family.samples:
            name = family.name + "_total" * (family.type == "counter")
            found.add((name, family.type, frozenset(labels)))
    return found


def names_in_the_text() -> set[str]:
    """Find the names that queries and tables use."""
    words = re.findall(r"\b(?:flow|process)_[a-z_]+\b", DOCS.read_text(encoding="utf-8"))
    theirs = {"flow_latency", "flow_request", "flow_streaming_response_duration"}
    return {SUFFIXES.sub("", word) for word in words} - theirs
