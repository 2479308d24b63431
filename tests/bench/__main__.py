"""python -m tests.bench: measure, print the report, keep the figures as JSON."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import collection, machine
from tests.bench.collection_report import Costs
from tests.bench.measure import measure, measure_direct
from tests.bench.pages import fill
from tests.bench.picture import picture
from tests.bench.plan import ALL, parts
from tests.bench.report import report
from tests.bench.results import Results
from tests.bench.running import Stub, stub
from tests.bench.subjects import SUBJECTS, create_connection, versions

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "build" / "bench"
RESULTS, COSTS = FIGURES / "results.json", FIGURES / "collection.json"
COLLECTION = "collection"
ROUNDS_OF_COLLECTION = 4
"""For each round of the others: a p99 wants more windows than a rate."""


def main() -> int:
    """Measure, or write the documentation of what was measured last."""
    options = _options()
    if options.docs:
        _document()
        return 0
    if shutil.which("wrk") is None:
        sys.stderr.write("wrk is missing: install it (Debian: apt-get install wrk)\n")
        return 2
    begun = time.monotonic()
    if options.only != [COLLECTION]:
        _compare(options)
    if COLLECTION in (options.only or [COLLECTION]):
        _cost(options.rounds)
    print(f"\n{time.monotonic() - begun:.0f} s in all; every figure: {FIGURES.relative_to(ROOT)}")
    return 0


def _compare(options: argparse.Namespace) -> None:
    """Measure the server beside others."""
    results = Results(machine.described(), versions(), options.rounds, foreign=machine.busy_cpus(1.0))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, stub() as llm:
        _measure(Path(folder), llm, results, options)
    results.save(RESULTS)
    print(report(results))


def _cost(rounds: int) -> None:
    """Measure the server with collection beside itself without."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, stub() as llm:
        (chat,) = [part for part in parts(Path(folder), rounds) if part.key == "chat"]
        costs = collection.measure(chat.flow, Path(folder), llm, rounds * ROUNDS_OF_COLLECTION)
    costs.save(COSTS)
    print(costs.report())


def _document() -> None:
    """Write the documentation of what was measured last; what was not stays as it is."""
    page = ROOT / "docs" / "benchmarks.md"
    if RESULTS.exists():
        results = Results.load(RESULTS)
        page.write_text(fill(page.read_text(), "figures: make bench-docs", report(results)))
        (ROOT / "docs" / "benchmarks.svg").write_text(picture(results))
    if COSTS.exists():
        page.write_text(fill(page.read_text(), "collection: make bench-docs", Costs.load(COSTS).report()))


def _measure(work: Path, llm: Stub, results: Results, options: argparse.Namespace) -> None:
    """Round by round, so that what disturbs the machine for a while disturbs all."""
    create_connection(work, llm.url)
    wanted = [part for part in parts(work, results.rounds) if part.key in (options.only or part.key)]
    for number in range(results.rounds):
        measure_direct(ALL, number, llm, results)
        for part in wanted:
            for subject in part.subjects_of(number):
                if subject.key in (options.subjects or subject.key):
                    measure(part, subject, number, work, llm, results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Measure the server beside others.")
    parser.add_argument(
        "--only", type=_listed, help="chat, branch, twenty, stream, flex, nodes1 …, collection"
    )
    parser.add_argument("--subjects", type=_listed, help=", ".join(subject.key for subject in SUBJECTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.* of the last results")
    return parser.parse_args()


def _listed(text: str) -> list[str]:
    return text.split(",") if text else []


if __name__ == "__main__":
    sys.exit(main())
