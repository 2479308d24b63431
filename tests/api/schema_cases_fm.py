"""FlowMonitors that the API server must accept, and ones that it must refuse."""

from typing import Any

from tests.api.schema_case import FLOW_MONITOR, REMOVED, Invalid, Valid

NO_CONTEXT = {"prompt": "inputs.query", "completion": "outputs.reply"}


def ok(says: str, **change: Any) -> Valid:
    return Valid(says, "FlowMonitor", {key.replace("__", "."): value for key, value in change.items()})


def bad(says: str, path: str, value: Any, words: str, *guards: str, field: str = "") -> Invalid:
    return Invalid(says, "FlowMonitor", {path: value}, field or path, words, guards)


VALID = (
    ok("the base itself"),
    ok("all metrics by default", spec__metrics=REMOVED),
    *(
        ok(f"a schedule of {schedule}", spec__schedule=schedule)
        for schedule in (
            "@weekly",
            "@hourly",
            "*/5 9-17 1,15 * MON-FRI",
            "0  6 * jan-MAR ?",
            "59 23 31 12 6",
            "05 0/6 * * *",
        )
    ),
    *(ok(f"the time zone {zone}", spec__timeZone=zone) for zone in ("UTC", "Asia/Tokyo", "Etc/GMT+5")),
    ok("the widest window", spec__window={"lookback": "90d", "offset": "24h"}),
    ok("the narrowest window", spec__window={"lookback": "10m", "offset": "0m"}),
    ok("a sample of one", spec__sample={"maxRecords": 1, "seed": 2**31 - 1}),
    ok("a context from inside of a captured node", spec__mapping__context="nodes.fetch_docs.0.text"),
    ok("no context where nothing needs it", spec__mapping=NO_CONTEXT, spec__metrics=[{"name": "fluency"}]),
    ok("a judge on Azure", spec__judge__connection={"type": "AzureOpenAI", "secretRef": {"name": "azure"}}),
    ok(
        "the strictest metric",
        spec__metrics=[{"name": "groundedness", "rowThreshold": 5, "passRatePercent": 100}],
    ),
    ok(
        "the widest verdict",
        spec__verdict={
            "minSamples": 1,
            "confidencePercent": 50,
            "minCoveragePercent": 0,
            "minEvaluablePercent": 0,
        },
    ),
    ok("suspended", spec__suspend=True),
)

BOUNDS = (
    ("sample.maxRecords", 0, "minimum", "greater than or equal to 1"),
    ("sample.maxRecords", 100_001, "maximum", "less than or equal to 100000"),
    ("sample.seed", -1, "minimum", "greater than or equal to 0"),
    ("judge.model", "", "minLength", "at least 1 chars"),
    ("judge.concurrency", 0, "minimum", "greater than or equal to 1"),
    ("judge.concurrency", 65, "maximum", "less than or equal to 64"),
    ("judge.timeoutSeconds", 601, "maximum", "less than or equal to 600"),
    ("judge.maxAttempts", 11, "maximum", "less than or equal to 10"),
    ("verdict.minSamples", 0, "minimum", "greater than or equal to 1"),
    ("verdict.confidencePercent", 49, "minimum", "greater than or equal to 50"),
    ("verdict.confidencePercent", 100, "maximum", "less than or equal to 99"),
    ("verdict.minCoveragePercent", 101, "maximum", "less than or equal to 100"),
    ("verdict.minEvaluablePercent", -1, "minimum", "greater than or equal to 0"),
    ("historyLimit", 0, "minimum", "greater than or equal to 1"),
    ("historyLimit", 101, "maximum", "less than or equal to 100"),
)
METRIC_BOUNDS = (
    ("name", "similarity", "enum", 'supported values: "groundedness"'),
    ("rowThreshold", 0, "minimum", "greater than or equal to 1"),
    ("rowThreshold", 6, "maximum", "less than or equal to 5"),
    ("passRatePercent", 0, "minimum", "greater than or equal to 1"),
    ("passRatePercent", 101, "maximum", "less than or equal to 100"),
    ("passRatePercent", "83.3", "type", "must be of type integer"),
)

INVALID = (
    bad("a name of 41 characters", "metadata.name", "a" * 41, "metadata.name must have at most 40", "#rule"),
    bad(
        "a name that starts with a digit", "metadata.name", "0-bot", "metadata.name must start with", "#rule"
    ),
    bad(
        "no FlowDeployment",
        "spec.flowDeploymentRef",
        REMOVED,
        "Required value",
        "spec#required",
    ),
    bad(
        "a FlowDeployment of another namespace",
        "spec.flowDeploymentRef.namespace",
        "other",
        "unknown field",
        "spec.flowDeploymentRef#properties",
    ),
    bad(
        "a FlowDeployment with an impossible name",
        "spec.flowDeploymentRef.name",
        "Support Bot",
        "name must be the name of an object in the same namespace",
        "spec.flowDeploymentRef.name#rule",
    ),
    *(
        bad(
            f"a schedule {why}",
            "spec.schedule",
            schedule,
            "schedule must be five cron fields",
            "spec.schedule#rule",
        )
        for why, schedule in (
            ("of four fields", "0 6 * *"),
            ("at minute 60", "60 6 * * *"),
            ("at hour 24", "0 24 * * *"),
            ("on day 0", "0 6 0 * *"),
            ("in month 13", "0 6 1 13 *"),
            ("on weekday 7", "0 6 * * 7"),
            ("with its own time zone", "TZ=UTC 0 6 * * 1"),
            ("in words", "every Monday"),
            ("with an unknown macro", "@fortnightly"),
        )
    ),
    bad(
        "a schedule whose range runs backwards",
        "spec.schedule",
        "0 17-9 * * *",
        "schedule must not have a range that runs backwards",
        "spec.schedule#rule",
    ),
    *(
        bad(
            f"the time zone {zone}",
            "spec.timeZone",
            zone,
            "timeZone must be a name of the time zone database",
            "spec.timeZone#rule",
        )
        for zone in ("Mars/Olympus", "Local", "+09:00")
    ),
    *(
        bad(f"{field} of {value}", f"spec.window.{field}", value, words, f"spec.window.{field}#rule")
        for field, value, words in (
            ("lookback", "7 days", "lookback must be a whole number with its unit"),
            ("lookback", "9m", "lookback must be from 10m to 90d"),
            ("lookback", "91d", "lookback must be from 10m to 90d"),
            ("offset", "-10m", "offset must be a whole number with its unit"),
            ("offset", "25h", "offset must be from 0m to 24h"),
        )
    ),
    *(
        bad(
            f"a {field} that is no path into a record",
            f"spec.mapping.{field}",
            value,
            "a path into a record",
            f"spec.mapping.{field}#rule",
        )
        for field, value in (("prompt", "query"), ("completion", "outputs."), ("context", "output.docs"))
    ),
    bad(
        "groundedness without a context",
        "spec.mapping",
        NO_CONTEXT,
        "mapping.context must be set for the metric groundedness",
        "spec#rule",
        field="spec.mapping.context",
    ),
    bad(
        "the default metrics without a context",
        "spec",
        {key: value for key, value in FLOW_MONITOR["spec"].items() if key != "metrics"}
        | {"mapping": NO_CONTEXT},
        "mapping.context must be set for the metric groundedness",
        "spec#rule",
        field="spec.mapping.context",
    ),
    *(
        bad(
            f"a judge of type {kind}",
            "spec.judge.connection.type",
            kind,
            'supported values: "OpenAI", "AzureOpenAI"',
            "spec.judge.connection.type#enum",
        )
        for kind in ("Serverless", "Serp", "Custom")
    ),
    bad("no judge", "spec.judge", REMOVED, "Required value", "spec#required"),
    bad("no question", "spec.mapping.prompt", REMOVED, "Required value", "spec.mapping#required"),
    bad("no metric", "spec.metrics", [], "should have at least 1 items", "spec.metrics#minItems"),
    bad(
        "a metric twice",
        "spec.metrics",
        [{"name": "fluency"}, {"name": "fluency", "rowThreshold": 4}],
        "Duplicate value",
        "spec.metrics#unique",
        field="spec.metrics[1]",
    ),
    *(
        bad(f"{field} of {value!r}", f"spec.{field}", value, words, f"spec.{field}#{keyword}")
        for field, value, keyword, words in BOUNDS
    ),
    *(
        bad(
            f"a metric's {field} of {value}",
            f"spec.metrics.1.{field}",
            value,
            words,
            f"spec.metrics[].{field}#{keyword}",
            field=f"spec.metrics[1].{field}",
        )
        for field, value, keyword, words in METRIC_BOUNDS
    ),
)
