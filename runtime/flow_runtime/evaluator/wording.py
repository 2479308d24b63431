"""The words of both readable reports: what a verdict, a reason and an outcome mean to a stranger. Pure."""

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.run import MetricSummary, RunSummary, Verdict
from flow_runtime.contracts.settings import VerdictSettings

OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "judge error",
    Outcome.NOT_EVALUABLE: "not evaluable",
    Outcome.SKIPPED: "skipped",
}
QUESTIONS = {
    "groundedness": "Does the answer follow from the retrieved text?",
    "relevance": "Does the answer give what was asked?",
    "coherence": "Does the answer hang together?",
    "fluency": "Is its language well formed?",
}
PROBLEMS = {
    "NoRecords": "There was nothing to judge in this window.",
    "MappingInvalid": "No record has what the monitor's mapping points at.",
    "JudgeUnauthorized": "The judge did not accept the key, so the run was stopped.",
    "JudgeNotFound": "The judge's model or URL is unknown, so the run was stopped.",
    "JudgeUnreachable": "The judge could not be reached, so the run was stopped.",
}


def percent(rate: float | None) -> str:
    """Write a rate for people; nothing judged is a dash, never 0."""
    return "–" if rate is None else f"{rate * 100:.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}%"


def why(metric: MetricSummary, settings: VerdictSettings) -> str:
    """Say in a sentence what the reason word of a verdict means."""
    judged = metric.passed + metric.failed
    return {
        "AboveThreshold": "Even the low end of the interval reaches the threshold.",
        "BelowThreshold": "Even the high end of the interval stays below the threshold.",
        "ThresholdInsideInterval": "The threshold lies inside the interval: more records could tell.",
        "TooFewSamples": f"{judged} judged, and no claim is made below {settings.min_samples}.",
        "LowCoverage": "The judge gave too few usable replies "
        f"(coverage below {settings.min_coverage_percent} %), so its scores prove nothing.",
        "TooFewEvaluable": "Too many records lack what this quality needs "
        f"(evaluable below {settings.min_evaluable_percent} %): look at the monitor's mapping.",
        "JudgeUnhealthy": "The judge let a probe pass that must fail: its scores prove nothing.",
    }.get(metric.reason, metric.reason)


def lost(segments: int) -> str:
    """Say that records of the window are missing; how many, nobody knows."""
    what = "1 segment of records is" if segments == 1 else f"{segments} segments of records are"
    return f"{what} missing in the window's hours: lost with a pod, or deleted. They were not judged."


def title(summary: RunSummary, verdict: Verdict) -> str:
    """Name the whole run's verdict in a sentence."""
    if summary.problem:
        return PROBLEMS.get(summary.problem, summary.problem)
    failing = [metric.name for metric in summary.metrics if metric.verdict is Verdict.FAIL]
    if verdict is Verdict.FAIL:
        return f"Credibly below its threshold: {', '.join(failing)}."
    if verdict is Verdict.PASS:
        return "Every quality is credibly at or above its threshold."
    if not summary.metrics:
        return "Nothing was to be judged."
    open_ = [metric.name for metric in summary.metrics if metric.verdict is Verdict.INCONCLUSIVE]
    return f"No claim can be made about {', '.join(open_)}: see below why."


def score(judgement: Judgement) -> str:
    """Write score and threshold of a row."""
    return f"{'–' if judgement.score is None else judgement.score} / {judgement.row_threshold}"
