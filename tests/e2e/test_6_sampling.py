"""A tenth of the requests is kept: the same ones whichever pod answers, and however often they are sent."""

import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.e2e import flows, manifests, resources, waits
from tests.e2e.world import World

NAME, IDS = "sampled", "retried"
REQUESTS, TIMES, PERCENT = 300, 3, 10


def drawn(request_id: str) -> bool:
    """The rule as the docs give it: the first 16 hex digits of SHA-256, as a share of all such numbers."""
    return int(hashlib.sha256(request_id.encode()).hexdigest()[:16], 16) * 100 < PERCENT * 16**16


@pytest.fixture(scope="module")
def sampled(world: World) -> Iterator[str]:
    """A FlowDeployment of three pods that keeps a tenth."""
    collection = resources.flow_deployment()["spec"]["collection"] | {"samplingPercent": PERCENT}
    world.kubectl.apply(
        manifests.config_map(f"{NAME}-flow", flows.WHOLE["flex"]),
        resources.flow_deployment(NAME, connections=[], collection=collection),
    )
    world.until_served(NAME)
    waits.until_ready_pods(world.kubectl, world.pods_of(NAME), 3)
    yield NAME
    world.kubectl("delete", "fd", NAME)


def test_the_sample_is_the_same_whoever_answers_and_inputs_and_outputs_are_always_together(
    world: World, sampled: str
) -> None:
    for _ in range(TIMES):
        answers = world.ask(0, REQUESTS, sampled, ids=IDS)
        assert {status for status, _ in answers.values()} == {200}
    expected = [each for each in (f"{IDS}-{number}" for number in range(REQUESTS)) if drawn(each)]

    world.until_stored_once(expected * TIMES, sampled)

    rows = world.rows(sampled)
    assert Counter(row["request_id"] for row in rows) == Counter(expected * TIMES)
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["pod"] for row in rows}) == 3
    for row in rows:
        number = row["request_id"].removeprefix(f"{IDS}-")
        assert row["inputs"] == {"query": f"How much does the lantern {number} cost?"}
        assert row["outputs"] == {"reply": f"flex: How much does the lantern {number} cost?"}
        assert row["sampled"] == {"percent": PERCENT, "why": "rate"}
