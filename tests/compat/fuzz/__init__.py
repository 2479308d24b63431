"""Random flows and requests for both engines (`make compat-fuzz`): what nobody thought of writing down."""

import random

from tests.compat.case import FlowCase
from tests.compat.fuzz import broken, dags, flexes, prompties

KINDS = (dags.make, dags.make, dags.make, dags.make_chat, dags.make_chat, prompties.make, flexes.make)


def produce(seed: int, index: int) -> FlowCase:
    """Make one case; the same for the same numbers, whatever other cases there are."""
    rng = random.Random(f"{seed}/{index}")
    case = rng.choice(KINDS)(rng, f"fuzz-{seed}-{index}")
    return broken.damaged(rng, case) if rng.random() < 0.12 else case
