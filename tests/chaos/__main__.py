"""python -m tests.chaos [SEED [REQUESTS [MEDIUM [ONLY]]]]: see the package; 1 when the books do not balance.

ONLY names phases, with commas between them; without it all are played, and the last one, too.
"""

import random
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.chaos.books import Books
from tests.chaos.checks import problems
from tests.chaos.phases import LAST, PHASES, Phase
from tests.chaos.place import PODS, SPOOL_MIB, made
from tests.chaos.scene import Scene
from tests.chaos.table import phases_table, pods_table
from tests.e2e.dump import dump

DUMPS = Path(__file__).parents[2] / ".cache" / "chaos"
BEGUN = time.monotonic()
LAST_REQUESTS = 600
"""On top of the others."""


def main(seed: int, requests: int, medium: str, only: str) -> int:
    """Run it all and tell."""
    draw = random.Random(seed)
    order = [each for each in draw.sample(PHASES, len(PHASES)) if not only or each.name in only.split(",")]
    last = [LAST] if not only or LAST.name in only.split(",") else []
    say(f"{requests:,} requests to {PODS} pods with {SPOOL_MIB} MiB of spool each ({medium}), seed {seed}")
    with made(medium) as world:
        scene = Scene(world)
        try:
            felt = run(scene, draw, requests, order) + run(scene, draw, LAST_REQUESTS, last)
            books = audit(scene)
        except BaseException:
            say(f"what was there: {dump(DUMPS, f'seed{seed}', [world.kubectl, world.system])}")
            scene.store_is("ok")  # else the collectors use up their grace period
            raise
    found = problems(books)
    say(f"the operator says: {books.told}")
    print("\n".join(["", *phases_table(books, felt), "", *pods_table(books), ""]))
    print("\n".join(f"WRONG: {each}" for each in found) or "the books balance")
    return 1 if found else 0


def run(scene: Scene, draw: random.Random, requests: int, order: list[Phase]) -> list[tuple[str, str]]:
    """Play phases and wait until the spools are empty; gives what each one did."""
    felt = []
    for number, phase in enumerate(order):
        share = requests * (number + 1) // len(order) - requests * number // len(order)
        felt.append((phase.name, play(scene, draw, phase, share)))
    scene.until_drained()
    return felt


def play(scene: Scene, draw: random.Random, phase: Phase, share: int) -> str:
    """One phase: the fault in the midst of its share of the requests."""
    say(f"{phase.name}: {share:,} requests; {' '.join((phase.act.__doc__ or '').split())}")
    scene.look()
    with scene.asking(phase.name, share, phase.size(share), phase.seconds):
        time.sleep(draw.uniform(1.0, 2.0))
        felt = phase.act(scene, draw)
    scene.look()
    say(f"  {felt}")
    return felt


def audit(scene: Scene) -> Books:
    """Collect all that is known."""
    rows, segments = scene.rows()
    books = Books(scene.attempts(), rows, scene.kills, scene.counts, segments, scene.gone)
    return replace(books, told=scene.told(books.sums))


def say(text: str) -> None:
    print(f"{time.monotonic() - BEGUN:5.0f} s  {text}", flush=True)


if __name__ == "__main__":
    given = [*sys.argv[1:], *("1", "20000", "Memory", "")[len(sys.argv) - 1 :]]
    sys.exit(main(int(given[0]), int(given[1]), given[2], given[3]))
