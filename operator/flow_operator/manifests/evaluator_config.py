"""The settings of a FlowMonitor's runs; each run reads them when it starts."""

from pathlib import Path

from flow_operator.api.flowmonitor import Judge
from flow_operator.api.rules import duration_seconds
from flow_operator.manifests.evaluation import Evaluation, Source
from flow_operator.manifests.names import Manifest, evaluator_name
from flow_operator.manifests.store_access import store_settings
from flow_operator.manifests.volumes import CONNECTIONS
from flow_runtime.contracts.base import SETTINGS_FILE
from flow_runtime.contracts.settings import (
    ConnectionSettings,
    EvaluatorSettings,
    Identity,
    JudgeSettings,
    Mapping,
    MetricSettings,
    VerdictSettings,
    settings_json,
)

JUDGE = f"{CONNECTIONS}/judge"
RUN_SECONDS = 3600


def evaluator_config(evaluation: Evaluation) -> Manifest | None:
    """Build the ConfigMap; None when there is nothing to judge."""
    if evaluation.source is None:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": evaluation.meta(evaluator_name(evaluation.name)),
        "data": {SETTINGS_FILE.name: settings_json(_settings(evaluation, evaluation.source))},
    }


def _settings(evaluation: Evaluation, source: Source) -> EvaluatorSettings:
    spec = evaluation.cr.spec
    return EvaluatorSettings(
        identity=Identity(
            cluster=evaluation.release.cluster,
            namespace=evaluation.cr.metadata.namespace,
            deployment=spec.flow_deployment_ref.name,
        ),
        monitor=evaluation.name,
        store=store_settings(source.store),
        lookback_seconds=duration_seconds(spec.window.lookback),
        offset_seconds=duration_seconds(spec.window.offset),
        max_records=spec.sample.max_records,
        seed=spec.sample.seed,
        mapping=Mapping.model_validate(spec.mapping.model_dump(by_alias=False)),
        judge=_judge(spec.judge),
        metrics=tuple(
            MetricSettings.model_validate(metric.model_dump(by_alias=False)) for metric in spec.metrics
        ),
        verdict=VerdictSettings.model_validate(spec.verdict.model_dump(by_alias=False)),
        deadline_seconds=RUN_SECONDS,
    )


def _judge(judge: Judge) -> JudgeSettings:
    return JudgeSettings(
        connection=ConnectionSettings(
            name="judge",
            type=judge.connection.type,
            directory=Path(JUDGE),
            secret_name=judge.connection.secret_ref.name,
        ),
        model=judge.model,
        concurrency=judge.concurrency,
        timeout_seconds=judge.timeout_seconds,
        max_attempts=judge.max_attempts,
    )
