"""Fits the summary of a run into a termination message. Pure."""

from collections.abc import Callable

from flow_runtime.contracts.base import TERMINATION_LIMIT
from flow_runtime.contracts.run import MetricSummary, RunSummary

_MESSAGES = (600, 300, 120, 40, 0)


def line(text: str, limit: int) -> str:
    """Make a foreign text one printable line of at most `limit` characters."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= limit else clean[: max(limit - 1, 0)] + "…" * (limit > 0)


def fit(summary: RunSummary, limit: int = TERMINATION_LIMIT) -> bytes:
    """Render as JSON of at most `limit` bytes: cut are messages, then URL, then reasons; never structure."""
    rounded = summary.model_copy(update={"metrics": tuple(_rounded(each) for each in summary.metrics)})
    for step in _STEPS:
        data = step(rounded).model_dump_json().encode("utf-8", "replace")
        if len(data) <= limit:
            return data
    raise ValueError(f"{len(summary.metrics)} metrics do not fit into {limit} bytes")


def _cut(summary: RunSummary, limit: int) -> RunSummary:
    return summary.model_copy(
        update={
            "message": line(summary.message, limit),
            "judge_message": line(summary.judge_message, limit),
        }
    )


def _without_url(summary: RunSummary) -> RunSummary:
    return _cut(summary, 0).model_copy(update={"url": ""})


def _bare(summary: RunSummary) -> RunSummary:
    metrics = tuple(metric.model_copy(update={"reason": ""}) for metric in summary.metrics)
    return _without_url(summary).model_copy(update={"metrics": metrics})


def _rounded(metric: MetricSummary) -> MetricSummary:
    rates = {name: getattr(metric, name) for name in ("pass_rate", "low", "high")}
    return metric.model_copy(
        update={name: None if rate is None else round(rate, 4) for name, rate in rates.items()}
    )


_STEPS: tuple[Callable[[RunSummary], RunSummary], ...] = (
    *(lambda summary, limit=limit: _cut(summary, limit) for limit in _MESSAGES),
    _without_url,
    _bare,
)
