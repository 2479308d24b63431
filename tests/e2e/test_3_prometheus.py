"""A real Prometheus finds the pods by their annotations and scrapes server and collector at once."""

import pytest

from tests.e2e import waits
from tests.e2e.world import World


@pytest.fixture
def pods(world: World, traffic: object) -> set[str]:
    return {p["metadata"]["name"] for p in world.kubectl.list("pods", world.pods_of())}


def test_all_three_pods_are_up(world: World, pods: set[str]) -> None:
    def look() -> bool:
        up = {(r["metric"]["pod"], r["value"][1]) for r in world.prometheus('up{instance_of="bot"}')}
        assert up == {(pod, "1") for pod in pods}, up
        return True

    waits.until("up == 1 for each pod", look, 30, every=1)


@pytest.mark.parametrize(
    "family",
    [
        "flow_requests_total",
        "flow_request_duration_seconds_count",
        "flow_node_duration_seconds_count",
        "flow_llm_requests_total",
        "flow_tokens_total",
        "flow_records_total",
        "flow_records_dropped_total",
        "flow_store_put_seconds_count",
        "flow_spool_bytes",
    ],
)
def test_one_scrape_holds_the_families_of_server_and_collector(
    world: World, pods: set[str], family: str
) -> None:
    if family == "flow_records_dropped_total":  # nothing was dropped: a counter by reason has no series yet
        assert all(float(r["value"][1]) == 0 for r in world.prometheus(family))
        return
    waits.until(
        f"{family} of each pod",
        lambda: {r["metric"].get("pod") for r in world.prometheus(family)} >= pods,
        20,
        every=1,
    )


def test_requests_counted_are_requests_sent(world: World, pods: set[str], traffic: dict[int, object]) -> None:
    def look() -> bool:
        (total,) = world.prometheus('sum(flow_requests_total{code="200"})')
        return float(total["value"][1]) >= len(traffic)

    waits.until("the counter to reach the requests", look, 20, every=1)


def test_the_operator_has_metrics_of_its_own(world: World) -> None:
    url = "http://localhost:8080/metrics"
    code = f"import urllib.request as u; print(u.urlopen('{url}', timeout=10).read().decode())"
    text = world.system("exec", "deployment/flow-operator", "--", "python3", "-c", code)
    assert "flow_operator_reconcile_seconds" in text
    assert "flow_operator_queue_depth" in text
