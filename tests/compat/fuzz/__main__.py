# ruff: noqa: E501 - whole rows of values stand in the lines
"""python -m tests.compat.fuzz [SEED [CASES [FIRST]]]: random flows by both engines; every difference is told or known.

Flows that differ are left in .cache/compat/fuzz. Needs the oracle environment that `make compat` makes.
"""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.compat.__main__ import RESULTS, compare, run_both
from tests.compat.case import FlowCase
from tests.compat.fuzz import known, produce

LEFT = RESULTS / "fuzz"
BATCH = 250


def main(seed: int, cases: int, first: int = 0) -> int:
    """Run cases in batches, tell what differs; 1 if something differs that no rule knows."""
    begun, counts, reasons = time.monotonic(), Counter[str](), Counter[str]()
    shutil.rmtree(LEFT, ignore_errors=True)
    for start in range(first, first + cases, BATCH):
        made = [produce(seed, index) for index in range(start, min(start + BATCH, first + cases))]
        _batch(made, counts, reasons)
    for why, count in reasons.most_common():
        sys.stdout.write(f"known   {count:5} {why}\n")
    sys.stdout.write(
        f"seed {seed}: {cases} flows, {counts['compared']} comparisons ({counts['served']} answers of 200, "
        f"{counts['loads']} flows load): {counts['equal']} equal, {sum(reasons.values())} differ as listed, "
        f"{counts['fresh']} differ; {time.monotonic() - begun:.0f} s\n"
    )
    return 1 if counts["fresh"] else 0


def _batch(cases: list[FlowCase], counts: Counter[str], reasons: Counter[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="compat-") as folder:
        theirs, ours = run_both(Path(folder), cases)
    for case in cases:
        one, other = theirs.get(case.name, {"crash": "not run"}), ours.get(case.name, {"crash": "not run"})
        counts["loads"] += "answers" in one
        for request, found in compare(case, one, other):
            counts["compared"] += 1
            counts["equal"] += not found
            counts["served"] += known.answer(one, request).get("status") == 200
            if found and (why := known.reason(case, request, one, other, found)):
                reasons[why] += 1
            elif found:
                counts["fresh"] += 1
                _leave(case)
                asked = case.asks[int(request) - 1].content if request.isdigit() else b""
                sys.stdout.write(f"DIFFERS {case.name} #{request} {asked[:200]!r}: {' | '.join(found)}\n")


def _leave(case: FlowCase) -> None:
    case.write(LEFT / case.name)
    asks = "\n".join(json.dumps(ask.wire(), ensure_ascii=False) for ask in case.asks)
    (LEFT / case.name / "asks.jsonl").write_text(asks, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:] or ("1", "150"))))
