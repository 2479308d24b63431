"""What users get of the two kinds besides refusals: defaults, explanations, columns, scale, status."""

from datetime import UTC, datetime
from typing import Any

import pytest

from flow_operator.api.common import Condition, Model
from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowdeployment_status import (
    CollectionStatus,
    FlowDeploymentStatus,
    FlowPort,
    FlowStatus,
)
from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.api.flowmonitor_status import FlowMonitorStatus, LastRun, MetricStatus
from flow_runtime.contracts.run import Verdict
from tests.api.client import Api, Manifest, collection_path
from tests.api.conftest import Kubectl
from tests.api.schema_case import FLOW_DEPLOYMENT, FLOW_MONITOR, changed

THEN = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
READY = Condition(
    type="Ready", status="True", reason="AllPodsReady", message="3 of 3", last_transition_time=THEN,
    observed_generation=1,
)  # fmt: skip
FLOW_DEPLOYMENT_STATUS = FlowDeploymentStatus(
    observed_generation=1,
    url="http://support-bot.team-a.svc:80/score",
    revision="0123456789ab",
    ready="3/3",
    replicas=3,
    ready_replicas=3,
    selector="app.kubernetes.io/instance=support-bot",
    flow=FlowStatus(
        kind="dag",
        inputs=(FlowPort(name="query", type="string"),),
        outputs=(FlowPort(name="reply", type="string"),),
    ),
    collection=CollectionStatus(captured=60, dropped=1, stored=59, last_stored=THEN),
    conditions=(READY,),
)
FLOW_MONITOR_STATUS = FlowMonitorStatus(
    observed_generation=1,
    last_run=LastRun(
        id="support-bot-29400360",
        window_start=THEN,
        window_end=THEN,
        started=THEN,
        finished=THEN,
        records=60,
        sampled=60,
        verdict=Verdict.FAIL,
        url="s3://records/team-a/evaluations/support-bot/support-bot-29400360",
    ),
    last_good_run="support-bot-29400360",
    next_run=datetime(2126, 11, 29, 6, 0, tzinfo=UTC),
    metrics=(
        MetricStatus(
            name="relevance",
            verdict=Verdict.FAIL,
            reason="BelowThreshold",
            pass_rate_percent="53.3",
            low="40.9",
            high="65.4",
            passed=32,
            failed=28,
            errors=0,
            not_evaluable=0,
            skipped=0,
            row_threshold=3,
            pass_rate_threshold=70,
        ),
    ),
    worst_metric="relevance",
    pass_rate="53.3%",
    verdict=Verdict.FAIL,
    conditions=(READY,),
)
EXAMPLES = [
    pytest.param(FLOW_DEPLOYMENT, FLOW_DEPLOYMENT_STATUS, id="FlowDeployment"),
    pytest.param(FLOW_MONITOR, FLOW_MONITOR_STATUS, id="FlowMonitor"),
]


def created(api: Api, base: Manifest, namespace: str, change: dict[str, Any] | None = None) -> Manifest:
    answer = api.create(changed(base, {"metadata.namespace": namespace, **(change or {})}))
    assert answer.code == 201, answer.message
    return answer.body


def with_status(api: Api, base: Manifest, namespace: str, status: Model) -> Manifest:
    path = f"{collection_path(created(api, base, namespace))}/support-bot/status"
    body = {"status": status.model_dump(mode="json", exclude_none=True)}
    answer = api.call("PATCH", path, body, "application/merge-patch+json", fieldValidation="Strict")
    assert answer.code == 200, answer.message
    return answer.body


def test_defaults_of_a_flow_deployment_are_those_of_the_model(api: Api, namespace: str) -> None:
    minimal = {
        "flow": {"configMap": {"name": "support-bot"}},
        "collection": {"store": {"url": "s3://records"}},
    }
    served = created(api, FLOW_DEPLOYMENT, namespace, {"spec": minimal})
    assert served["spec"] == minimal | {
        "flow": {"configMap": {"name": "support-bot"}, "variant": ""},
        "replicas": 3,
        "runtime": {
            "image": "",
            "errors": "Honest",
            "imageURLs": "Public",
            "maxRequestMiB": 5,
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
            "requestTimeoutSeconds": 60,
            "maxConcurrentRequests": 64,
        },
        "collection": {
            "enabled": True,
            "store": {"url": "s3://records"},
            "spool": {"medium": "Memory", "sizeMiB": 64, "segmentSeconds": 60},
            "samplingPercent": 100,
            "retentionDryRun": False,
            "user": "",
            "images": "Digest",
        },
        "suspend": False,
    }
    unserved = served | {"spec": minimal}
    assert FlowDeployment.model_validate(served) == FlowDeployment.model_validate(unserved)


def test_defaults_of_a_flow_monitor_are_those_of_the_model(api: Api, namespace: str) -> None:
    minimal = {key: FLOW_MONITOR["spec"][key] for key in ("flowDeploymentRef", "mapping", "judge")}
    served = created(api, FLOW_MONITOR, namespace, {"spec": minimal})
    spec = served["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 6 * * 1", "UTC")
    assert spec["window"] == {"lookback": "7d", "offset": "10m"}
    assert spec["sample"] == {"maxRecords": 200, "seed": 0}
    assert [metric["name"] for metric in spec["metrics"]] == [
        "groundedness",
        "relevance",
        "coherence",
        "fluency",
    ]
    assert all((m["rowThreshold"], m["passRatePercent"]) == (3, 70) for m in spec["metrics"])
    assert spec["judge"] == minimal["judge"] | {"concurrency": 8, "timeoutSeconds": 60, "maxAttempts": 4}
    unserved = served | {"spec": minimal}
    assert FlowMonitor.model_validate(served) == FlowMonitor.model_validate(unserved)


def test_what_is_given_in_part_is_completed_in_part(api: Api, namespace: str) -> None:
    change = {"spec.runtime": {"resources": {"requests": {"cpu": 2}}}}
    runtime = created(api, FLOW_DEPLOYMENT, namespace, change)["spec"]["runtime"]
    assert runtime["resources"] == {"requests": {"cpu": 2, "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
    assert runtime["requestTimeoutSeconds"] == 60


@pytest.mark.parametrize(("base", "status"), EXAMPLES)
def test_the_whole_status_of_the_model_is_kept(
    base: Manifest, status: Model, api: Api, namespace: str
) -> None:
    served = with_status(api, base, namespace, status)
    assert served["status"] == status.model_dump(mode="json", exclude_none=True)
    assert type(status).model_validate(served["status"]) == status
    assert served["metadata"]["generation"] == 1


@pytest.mark.parametrize(("base", "status"), EXAMPLES)
def test_a_status_cannot_be_written_with_the_spec(
    base: Manifest, status: Model, api: Api, namespace: str
) -> None:
    given = {"status": status.model_dump(mode="json", exclude_none=True)}
    served = created(api, base, namespace, given)
    assert "status" not in served
    path = f"{collection_path(served)}/support-bot"
    changed_too = api.call("PATCH", path, given, "application/merge-patch+json")
    assert changed_too.code == 200
    assert "status" not in changed_too.body


@pytest.mark.parametrize("base", [FLOW_DEPLOYMENT, FLOW_MONITOR], ids=lambda base: str(base["kind"]))
def test_a_new_object_has_no_status_that_could_be_taken_for_a_report(
    base: Manifest, api: Api, namespace: str
) -> None:
    assert "status" not in created(api, base, namespace)


def test_kubectl_get_shows_readiness_and_verdict(api: Api, namespace: str, kubectl: Kubectl) -> None:
    with_status(api, FLOW_DEPLOYMENT, namespace, FLOW_DEPLOYMENT_STATUS)
    with_status(api, FLOW_MONITOR, namespace, FLOW_MONITOR_STATUS)
    text = kubectl("get", "fd,fm", "-n", namespace)
    heads = [line.split() for line in text.splitlines() if line.startswith("NAME")]
    assert heads == [
        ["NAME", "READY", "REPLICAS", "REVISION", "URL", "AGE"],
        ["NAME", "VERDICT", "WORST", "METRIC", "PASS", "RATE", "LAST", "RUN", "NEXT", "RUN", "AGE"],
    ]
    flow, monitor = (line.split() for line in text.splitlines() if "support-bot" in line)
    assert flow[1:5] == ["3/3", "3", "0123456789ab", "http://support-bot.team-a.svc:80/score"]
    assert monitor[1:4] == ["Fail", "relevance", "53.3%"]
    assert monitor[5] == "2126-11-29T06:00:00Z"
    wide = kubectl("get", "fd", "-n", namespace, "-o", "wide").split()
    assert {"COLLECTED", "FLOW", "REASON", "59", "dag", "AllPodsReady"} <= set(wide)
    assert "support-bot" in kubectl("get", "flows", "-n", namespace)


def test_kubectl_scale_changes_the_replicas(api: Api, namespace: str, kubectl: Kubectl) -> None:
    path = (
        f"{collection_path(with_status(api, FLOW_DEPLOYMENT, namespace, FLOW_DEPLOYMENT_STATUS))}/support-bot"
    )
    kubectl("scale", "fd/support-bot", "--replicas=5", "-n", namespace)
    scale = api.call("GET", f"{path}/scale").body
    assert scale["spec"]["replicas"] == 5
    assert scale["status"] == {"replicas": 3, "selector": "app.kubernetes.io/instance=support-bot"}
    assert api.call("GET", path).body["spec"]["replicas"] == 5


@pytest.mark.parametrize(
    ("path", "sentences"),
    [
        ("fd", ["Serves a flow on replicated pods behind a Service"]),
        (
            "fd.spec.collection",
            ["Keeps a record of every request in an object store", "Set false to stop collecting"],
        ),
        (
            "fd.spec.connections",
            ["Credentials of the LLMs", "Credentials under the name", "keys are the connection's fields"],
        ),
        ("fd.spec.collection.store.secretRef", ["s3: access_key_id and secret_access_key"]),
        (
            "fd.status.conditions",
            ["Accepted: the spec can be acted on", "One aspect of the resource's state"],
        ),
        ("fm", ["Judges the collected traffic"]),
        ("fm.spec.metrics", ["Qualities to judge", "groundedness: the answer rests on the context"]),
        ("fm.spec.schedule", ["minute, hour, day of month, month, day of week"]),
    ],
)
def test_kubectl_explain_speaks_to_a_stranger(path: str, sentences: list[str], kubectl: Kubectl) -> None:
    text = " ".join(kubectl("explain", path).split())
    for sentence in sentences:
        assert sentence in text
