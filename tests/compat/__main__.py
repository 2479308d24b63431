"""python -m tests.compat [NAME ...]: run the corpus by both engines, compare, print a table.

Fails on a difference that docs/compatibility.md does not list, and on a listed one that is gone. Names choose
flows (by their beginning). Needs the oracle environment that `make compat` makes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.compat.broken import BROKEN
from tests.compat.case import FlowCase
from tests.compat.compare import differences
from tests.compat.corpus import CORPUS
from tests.compat.listed import DOCUMENT, listed

ROOT = Path(__file__).parents[2]
ORACLE = ROOT / ".cache/oracle/bin/python"
RESULTS = ROOT / ".cache/compat"
"""What each engine answered in the last run, a line of JSON per flow."""
SECONDS = 600


def main(names: list[str]) -> int:
    """Run, compare, tell; 1 if something differs that is not listed."""
    cases = [case for case in (*CORPUS, *BROKEN) if not names or case.name.startswith(tuple(names))]
    if doubled := [name for name, count in Counter(case.name for case in cases).items() if count > 1]:
        return _stop(f"two flows have the same name: {doubled}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="compat-") as folder:
        theirs, ours = run_both(Path(folder), cases)
    if not theirs or not ours:
        return 2
    known, used = listed(), set()
    fresh: list[str] = []
    counts: Counter[str] = Counter()
    for case in cases:
        for request, found in compare(case, theirs.get(case.name), ours.get(case.name)):
            key = (case.name, request)
            counts["compared"] += 1
            counts["equal"] += not found
            if found and key in known:
                used.add(key)
            elif found:
                fresh.append(f"{case.name} #{request}: {' | '.join(found)}")
    stale = [] if names else [f"{name} #{request}" for name, request in sorted(known.keys() - used)]
    _tell(cases, counts, len(used), fresh, stale, time.monotonic() - begun)
    return 1 if fresh or stale else 0


def run_both(folder: Path, cases: list[FlowCase]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write all flows, run each engine over them in a process of its own, both at the same time."""
    running = {}
    for engine, python in (("theirs", ORACLE), ("ours", Path(sys.executable))):
        job = []
        for case in cases:
            case.write(folder / engine / case.name)
            asks = [ask.wire() for ask in case.asks]
            job.append(
                {"name": case.name, "folder": str(folder / engine / case.name), "asks": asks, "env": case.env}
            )
        (folder / f"{engine}.json").write_text(json.dumps(job), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if engine == "ours" or k != "PYTHONPATH"}
        arguments = [python, "-m", f"compat.{engine}", folder / f"{engine}.json", folder / f"{engine}.jsonl"]
        log = (folder / f"{engine}.log").open("wb")
        running[engine] = subprocess.Popen(
            arguments, cwd=ROOT / "tests", env=environment, stdout=log, stderr=log
        )
    results = []
    for engine, process in running.items():
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        out = folder / f"{engine}.jsonl"
        lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
        if len(lines) < len(cases):
            name = cases[len(lines)].name
            log_text = (folder / f"{engine}.log").read_text(encoding="utf-8", errors="replace")
            sys.stderr.write(f"{engine} ended or hung in flow {name}:\n{log_text[-3000:]}\n")
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{engine}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        results.append({line["name"]: line for line in map(json.loads, lines)})
    return results[0], results[1]


def compare(
    case: FlowCase, theirs: dict[str, Any] | None, ours: dict[str, Any] | None
) -> list[tuple[str, list[str]]]:
    """Each request of a flow (`load` for its loading) and what differs."""
    if theirs is None or ours is None:
        return [("load", ["not run"])]
    if "answers" not in theirs or "answers" not in ours:
        found = differences(theirs, ours)
        if case.error and case.error not in theirs.get("load", ()):
            found.append(f"promptflow says {theirs.get('load')}, not {case.error}")
        return [("load", found)]
    if case.error:
        return [("load", [f"promptflow loads it: no {case.error}"])]
    pairs = zip(theirs["answers"], ours["answers"], strict=True)
    return [(str(number), differences(one, other)) for number, (one, other) in enumerate(pairs, 1)]


def _tell(
    cases: list[FlowCase],
    counts: Counter[str],
    known: int,
    fresh: list[str],
    stale: list[str],
    seconds: float,
) -> None:
    rows = Counter(case.row for case in cases)
    sys.stdout.write("\n".join(f"{row:28}{count:4} flows" for row, count in sorted(rows.items())) + "\n")
    for line in fresh:
        sys.stdout.write(f"DIFFERS {line}\n")
    for line in stale:
        sys.stdout.write(f"GONE    {line}: {DOCUMENT.name} lists it, and there is no such difference\n")
    sys.stdout.write(
        f"{len(cases)} flows, {counts['compared']} comparisons: {counts['equal']} equal, {known} differ as "
        f"listed, {len(fresh)} differ, {len(stale)} listed in vain; {seconds:.0f} s\n"
    )


def _stop(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
