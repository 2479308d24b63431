"""A run started by hand becomes a verdict with reasons; too little data or a broken judge becomes none."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

METRICS = {"groundedness", "relevance", "coherence", "fluency"}


def metrics(live: Manifest) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in live["status"]["metrics"]}


@pytest.fixture(scope="module")
def judged(world: World, traffic: object) -> Manifest:
    """The FlowMonitor after a run over all traffic."""
    return world.run_now(manifests.MONITOR, "by-hand")


@pytest.fixture(scope="module")
def report(world: World, judged: Manifest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("evaluations")
    files = world.download(f"{world.stored_by()}/evaluations/{manifests.MONITOR}", folder)
    by_name = {path.name: path for path in files}
    assert {"report.json", "report.html", "plan.json", "judgements.jsonl.gz"} <= set(by_name)
    html = by_name["report.html"].read_text()
    assert "lantern" in html
    found: dict[str, Any] = json.loads(Path(by_name["report.json"]).read_text())
    return found


def test_a_job_made_from_the_cronjob_becomes_a_verdict_with_a_pass_rate(
    world: World, judged: Manifest
) -> None:
    assert set(metrics(judged)) == METRICS
    for metric in metrics(judged).values():
        assert metric["passed"] + metric["failed"] >= 60
        assert float(metric["low"]) <= float(metric["passRatePercent"]) <= float(metric["high"])
    assert judged["status"]["verdict"] in {"Pass", "Fail"}
    header, row = world.kubectl("get", "fm", manifests.MONITOR).splitlines()
    assert "PASS RATE" in header
    assert judged["status"]["verdict"] in row
    assert judged["status"]["passRate"] in row


def test_get_shows_both_resources_at_once(world: World, judged: Manifest) -> None:
    text = world.kubectl("get", "fd,fm")
    assert "3/3" in text
    assert judged["status"]["verdict"] in text


def test_describe_shows_conditions_and_events_of_the_run(world: World, judged: Manifest) -> None:
    def look() -> bool:
        text = world.kubectl("describe", "fm", manifests.MONITOR)
        assert "QualityMet" in text
        assert "RunSucceeded" in text
        assert "Events:" in text
        events = text.split("Events:")[1]
        assert "<none>" not in events
        assert "by-hand" in events or judged["status"]["verdict"] in events, events
        return True

    waits.until("an Event about the run", look, 15)


def test_the_report_names_score_threshold_reason_and_quotes_of_each_judged_row(
    report: dict[str, Any],
) -> None:
    judgements = [j for row in report["rows"] for j in row["judgements"]]
    judged = [j for j in judgements if j["outcome"] in {"passed", "failed"}]
    assert len(judged) >= 4 * 60
    for each in judged:
        assert 1 <= each["score"] <= 5
        assert each["row_threshold"] == 3
        assert each["reason"].strip()
        assert isinstance(each["quotes"], list)
    assert any(quote["found"] for each in judged for quote in each["quotes"])


def test_two_rows_are_inconclusive_however_good_they_are(world: World, judged: Manifest) -> None:
    world.kubectl.apply(resources.flow_monitor("two-rows", sample={"maxRecords": 2}))
    live = world.run_now("two-rows", "two")
    assert live["status"]["verdict"] == "Inconclusive"
    assert all(m["passed"] + m["failed"] == 2 for m in live["status"]["metrics"])
    assert waits.condition(live, "QualityMet")["status"] == "Unknown"


def test_a_judge_that_babbles_lowers_coverage_and_not_the_pass_rate(world: World, judged: Manifest) -> None:
    babbler = {"connection": {"type": "OpenAI", "secretRef": {"name": "babbler"}}, "model": "babbler"}
    world.kubectl.apply(resources.flow_monitor("babbled", judge=babbler))
    live = world.run_now("babbled", "babble")
    honest = metrics(judged)
    for name, metric in metrics(live).items():
        assert metric["errors"] >= 10, metric
        assert metric["passed"] + metric["failed"] + metric["errors"] == sum(
            honest[name][outcome] for outcome in ("passed", "failed", "errors")
        )
        assert metric["failed"] <= honest[name]["failed"]
        assert float(metric["passRatePercent"]) >= float(honest[name]["passRatePercent"]) - 5
        assert metric["verdict"] == "Inconclusive"
    assert waits.condition(live, "QualityMet")["status"] == "Unknown"
