"""What a scrape holds whatever others say, in both formats; and that docs/metrics.md names all of it."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from flow_operator.telemetry.metrics import Metrics as OperatorMetrics
from flow_runtime.flow.run import Run, Services, Step
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.call import Call
from flow_runtime.llm.connection import OpenAIConnection
from flow_runtime.llm.function import FunctionChat
from flow_runtime.llm.health import Healths
from flow_runtime.server.llm_metrics import LLMMetrics
from flow_runtime.server.metrics import Metrics
from tests.unit.flow_helpers import connection
from tests.unit.metrics_table import documented, exposed, names_in_the_text
from tests.unit.server_helpers import METRICS_PORT
from tests.unit.test_server_app import start


async def test_openmetrics_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    await pod.score({"question": "tents"})
    accept = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    asked = await pod.call("GET", "/metrics", headers=accept, port=METRICS_PORT)
    plain = await pod.call("GET", "/metrics", port=METRICS_PORT)
    assert asked.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    units = {each.name: each.unit for each in openmetrics.text_string_to_metric_families(asked.body.decode())}
    assert units["flow_llm_duration_seconds"] == units["flow_first_byte_seconds"] == "seconds"
    assert units["flow_spool_bytes"] == "bytes"
    assert "_created" not in asked.body.decode() + plain.body.decode()
    await pod.runtime.close()


@pytest.mark.parametrize("hostile", ['a"} 1\nflow_up 1', "\ud800", "x" * 10_000, "\\", "é\x00"])
def test_no_text_of_others_breaks_the_exposition(hostile: str) -> None:
    metrics = Metrics()
    services = Services(FunctionChat(), connection, Threads(1))
    for number in range(30):
        run = Run({}, services, 0.0)
        run.steps.append(Step(hostile, 0.1, "completed"))
        attempts = [hostile, str(100 + number)]
        run.calls.append(Call(hostile, f"{hostile}{number}", 1.0, attempts=attempts))
        metrics.request(200, 0.1, 0.1, run)
    text = metrics.exposition().decode()
    families = {each.name: each for each in text_string_to_metric_families(text)}
    assert "flow_up" not in families
    llm = families["flow_llm_requests"].samples
    assert len({sample.labels["model"] for sample in llm}) <= 21
    assert len({sample.labels["code"] for sample in llm}) <= 21
    assert sum(sample.value for sample in llm) == 60
    assert max(len(value) for sample in llm for value in sample.labels.values()) <= 101
    assert list(openmetrics.text_string_to_metric_families(metrics.open_metrics().decode()))


def test_a_call_that_was_never_begun_is_not_counted() -> None:
    metrics, run = Metrics(), Run({}, Services(FunctionChat(), connection, Threads(1)), 0.0)
    run.calls.append(Call("chat"))
    metrics.request(500, 0.1, 0.1, run)
    assert b"flow_llm_duration_seconds_count" not in metrics.exposition()


def test_connections_that_code_makes_do_not_make_endless_series() -> None:
    healths = Healths(["llm"])
    metrics = LLMMetrics(healths)
    seen = set()
    for number in range(200):
        healths.of(OpenAIConnection("k", name=f"mine-{number}"))
        healths.of(OpenAIConnection("k", name="half \ud800"))
        seen |= {sample.labels["connection"] for family in metrics.collect() for sample in family.samples}
    assert len(seen) == 21
    assert "llm" in seen


async def test_every_metric_of_a_pod_is_documented(tmp_path: Path) -> None:
    pod = await start(tmp_path)
    await pod.score({"question": "tents"})
    text = (await pod.call("GET", "/metrics", port=METRICS_PORT)).body.decode()
    known = documented("Server") | documented("Collector") | documented("Process")
    assert exposed(text) - known == set()
    await pod.runtime.close()


def test_every_metric_of_the_operator_is_documented() -> None:
    registry: CollectorRegistry = OperatorMetrics().registry
    names = {family.name for family in registry.collect()}
    counters = {family.name for family in registry.collect() if family.type == "counter"}
    assert {name + "_total" * (name in counters) for name in names} == {
        name for name, _, _ in documented("Operator")
    }


def test_the_text_names_only_metrics_that_there_are() -> None:
    sections = ("Server", "Collector", "Process", "Operator")
    known = {name for section in sections for name, _, _ in documented(section)}
    assert names_in_the_text() - known == set()
