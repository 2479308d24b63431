"""Random requests to a flow: as its inputs want them, and not."""

import json
import random
from collections.abc import Mapping

from tests.compat.case import Ask
from tests.compat.fuzz import values

BODIES = (
    b"",
    b"  ",
    b"{}",
    b"null",
    b"plain words",
    b"\xef\xbb\xbf{}",
    b"{",
    b'{"x": 1,}',
    b"{'x': 1}",
    b"x=1&y=2",
    "ünï".encode(),
    b'{"x": 1, "x": 2}',
)
ACCEPTS = (
    "application/json",
    "*/*",
    "application/*",
    "text/event-stream",
    "text/event-stream, application/json",
    "text/html",
    "",
)


def make(rng: random.Random, inputs: Mapping[str, str], filled: bool) -> tuple[Ask, ...]:
    """Make some requests for inputs of these types; `filled`: all have a default."""
    return tuple(_ask(rng, inputs) for _ in range(rng.randrange(2, 5))) + ((Ask({}),) if filled else ())


def _ask(rng: random.Random, inputs: Mapping[str, str]) -> Ask:
    accept = rng.choice(ACCEPTS) if rng.random() < 0.2 else None
    if rng.random() < 0.07:
        return Ask(rng.choice(BODIES), accept or None)
    pairs = []
    for name, kind in inputs.items():
        drawn = rng.random()
        if drawn < 0.08:
            continue
        raw = (
            rng.choice(values.HOSTILE)
            if drawn < 0.14
            else json.dumps(values.of_type(rng, kind), ensure_ascii=drawn < 0.6)
        )
        pairs.append(f"{json.dumps(name)}: {raw}")
    if rng.random() < 0.15:
        pairs.append('"extra": [1]')
    return Ask("{" + ", ".join(pairs) + "}", accept or None)
