"""What promptflow calls each broken flow: kept beside this file, so that the unit tests need no oracle."""

import json
from pathlib import Path

from tests.compat.broken import BROKEN

FILE = Path(__file__).with_name("names.json")
RESULT = Path(__file__).parents[3] / ".cache/compat/theirs.jsonl"


def kept() -> dict[str, list[str]]:
    """Each broken flow's classes of error, outermost first; none for one that promptflow loads."""
    found: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def keep(names: dict[str, list[str]]) -> None:
    """Write them."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in sorted(names.items()))
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def said_by_promptflow() -> dict[str, list[str]]:
    """Take them from the last run of the oracle; one that both loaders say counts once."""
    broken = {case.name for case in BROKEN}
    lines = [json.loads(line) for line in RESULT.read_text(encoding="utf-8").splitlines()]
    return {
        line["name"]: list(dict.fromkeys(line.get("load", ()))) for line in lines if line["name"] in broken
    }
