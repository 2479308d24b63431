"""FlowMonitor: judges the collected traffic of a FlowDeployment on a schedule. Shapes and rules only."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from flow_operator.api.common import NAME_RULES, Credentials, LocalRef, Metadata, Model, Percent
from flow_operator.api.flowmonitor_status import FlowMonitorStatus
from flow_operator.api.rules import BY_NAME, Rule, duration, matches, rules
from flow_operator.api.schedule import SCHEDULE_RULES

MetricName = Literal["groundedness", "relevance", "coherence", "fluency"]
METRIC_NAMES: tuple[MetricName, ...] = ("groundedness", "relevance", "coherence", "fluency")

RecordPath = Annotated[
    str,
    Field(max_length=256),
    matches(
        "^(inputs|outputs|nodes)([.][A-Za-z0-9_][A-Za-z0-9_-]*)+$",
        "must be a path into a record: write inputs.<name>, outputs.<name> or nodes.<node>",
    ),
]
OptionalRecordPath = Annotated[
    str,
    Field(max_length=256),
    matches(
        "^((inputs|outputs|nodes)([.][A-Za-z0-9_][A-Za-z0-9_-]*)+)?$",
        "must be empty or a path into a record: write inputs.<name>, outputs.<name> or nodes.<node>",
    ),
]
_LOOKBACK = duration("lookback", "10m", "90d")
_OFFSET = duration("offset", "0m", "24h")


class Window(Model):
    """Which part of the traffic a run looks at."""

    lookback: Annotated[str, Field(max_length=6), _LOOKBACK[0], _LOOKBACK[1]] = "7d"
    """How far a run looks back: a whole number with m, h or d, from 10m to 90d."""
    offset: Annotated[str, Field(max_length=6), _OFFSET[0], _OFFSET[1]] = "10m"
    """How long before the scheduled time the window ends, so that late records can arrive: from 0m to 24h. A
    run started by hand has none."""


class Sample(Model):
    """How many of the window's records are judged."""

    max_records: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Records drawn at most, uniformly over the window and without replacement. Each costs one call of the
    judge per metric."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seed of the drawing: equal records, window and seed give an equal sample."""


class Mapping(Model):
    """Where a record holds what the judge needs."""

    prompt: RecordPath
    """Path of the question, such as inputs.query."""
    completion: RecordPath
    """Path of the answer that is judged, such as outputs.reply."""
    context: OptionalRecordPath = ""
    """Path of the source text that the answer must rest on, such as outputs.fetched_docs, or nodes.<node>
    with a node of the FlowDeployment's collection.captureNodes. Needed by the metric groundedness."""


class Judge(Model):
    """The LLM that judges."""

    connection: Credentials
    """How to reach the judge. It may be another provider than the flow's own."""
    model: Annotated[str, Field(min_length=1, max_length=253)]
    """Model name (for AzureOpenAI: deployment name) as the provider knows it, such as gpt-5-mini."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    """Calls that are under way at the same time."""
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    """Seconds that one call may take."""
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 4
    """Attempts per judgement, the first included, before it counts as an error. Errors lower the coverage,
    never the pass rate."""


class Metric(Model):
    """One quality that every sampled record is judged by."""

    name: MetricName
    """groundedness: the answer rests on the context. relevance: it answers the question. coherence: it hangs
    together. fluency: its language is right."""
    row_threshold: Annotated[int, Field(ge=1, le=5)] = 3
    """Lowest score, from 1 to 5, with which one answer passes."""
    pass_rate_percent: Annotated[int, Field(ge=1, le=100)] = 70
    """Share of answers, in percent, that must pass for the metric to pass."""


class VerdictPolicy(Model):
    """When a run may claim anything at all; otherwise its verdict is Inconclusive."""

    min_samples: Annotated[int, Field(ge=1, le=100_000)] = 30
    """Judged records that a verdict needs at least."""
    confidence_percent: Annotated[int, Field(ge=50, le=99)] = 95
    """Confidence level, in percent, of the interval of the pass rate (Wilson score interval). Pass and Fail
    are given only when the whole interval lies on one side of the threshold."""
    min_coverage_percent: Percent = 90
    """Share of the judgements, in percent, that must have come out without an error of the judge."""
    min_evaluable_percent: Percent = 80
    """Share of the sampled records, in percent, that must hold what the mapping names."""


class FlowMonitorSpec(Model):
    """Which traffic is judged, when, by whom, by which qualities, and when that is a verdict."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.mapping.context != '' || !self.metrics.exists(metric, metric.name == 'groundedness')",
                "mapping.context must be set for the metric groundedness: name the path of the source text,"
                " such as outputs.fetched_docs, or list metrics without groundedness",
                ".mapping.context",
            )
        )
    )

    flow_deployment_ref: LocalRef
    """The FlowDeployment, in the same namespace, whose records are judged. It must collect them."""
    schedule: Annotated[str, Field(max_length=100), *SCHEDULE_RULES] = "0 6 * * 1"
    """When to run, as in a CronJob: minute, hour, day of month, month, day of week; or @hourly, @daily,
    @weekly, @monthly, @yearly. The default is Monday at 6:00."""
    time_zone: Annotated[
        str,
        Field(max_length=64),
        Rule(
            "self != 'Local' && self.matches(r'^[A-Za-z]')"
            " && timestamp('2026-01-01T00:00:00Z').getFullYear(self) > 0",
            "timeZone must be a name of the time zone database: write UTC or Asia/Tokyo",
        ),
    ] = "UTC"
    """Time zone of the schedule, by its name in the time zone database, such as Asia/Tokyo."""
    window: Window = Window()
    """Which part of the traffic a run looks at."""
    sample: Sample = Sample()
    """How many of the window's records are judged."""
    mapping: Mapping
    """Where a record holds the question, the answer and the source text."""
    judge: Judge
    """The LLM that judges, behind an OpenAI-compatible API."""
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=12), BY_NAME] = tuple(
        Metric(name=name) for name in METRIC_NAMES
    )
    """Qualities to judge, each name once. All four of the defaults when left out; groundedness needs
    mapping.context."""
    verdict: VerdictPolicy = VerdictPolicy()
    """When a run may claim anything at all."""
    history_limit: Annotated[int, Field(ge=1, le=100)] = 10
    """Finished runs whose Jobs are kept in the cluster. Reports in the store stay."""
    suspend: bool = False
    """Set true to start no scheduled runs. A run can still be started by hand with kubectl create job
    --from=cronjob/<name>."""


class FlowMonitor(Model):
    """Judges the collected traffic of a FlowDeployment on a schedule and says why each answer was judged
    so."""

    model_config = ConfigDict(json_schema_extra=rules(*NAME_RULES))

    KIND: ClassVar = "FlowMonitor"
    PLURAL: ClassVar = "flowmonitors"

    metadata: Metadata
    """Standard metadata of an object. The name may have at most 40 characters."""
    spec: FlowMonitorSpec
    """What you want. The operator never changes it."""
    status: FlowMonitorStatus = FlowMonitorStatus()
    """What the operator observes. Written by the operator alone."""
