"""The CronJob of a FlowMonitor; `kubectl create job --from=cronjob/<monitor> <name>` runs it now."""

from flow_operator.manifests.evaluation import Evaluation, Source
from flow_operator.manifests.evaluator_config import JUDGE, RUN_SECONDS
from flow_operator.manifests.names import EVALUATOR, Manifest, evaluator_name, labels
from flow_operator.manifests.security import container_security, field_env, own_env, pod_basics
from flow_operator.manifests.store_access import identity_labels, store_mounts, store_volumes
from flow_operator.manifests.volumes import (
    SETTINGS,
    TEMPORARY,
    config_map_volume,
    mount,
    scratch_volume,
    secret_volume,
)
from flow_runtime.contracts.base import SETTINGS_FILE

START_WITHIN_SECONDS = 3600
"""A run that was missed, for instance while the control plane was away, is still made within this time."""
RETRIES = 2
POD_SECONDS = RUN_SECONDS + 60
"""The evaluator ends by itself before that; a pod that is cut off still keeps what it said."""
JOB_SECONDS = (RETRIES + 1) * (POD_SECONDS + 120)
"""Beyond every attempt: this deadline deletes the pod and its message."""
KEEP_SECONDS = 30 * 24 * 3600


def cron_job(evaluation: Evaluation) -> Manifest | None:
    """Build the CronJob; None when there is nothing to judge."""
    if evaluation.source is None:
        return None
    spec = evaluation.cr.spec
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": evaluation.meta(evaluation.name),
        "spec": {
            "schedule": spec.schedule,
            "timeZone": spec.time_zone,
            "suspend": spec.suspend,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": START_WITHIN_SECONDS,
            "successfulJobsHistoryLimit": spec.history_limit,
            "failedJobsHistoryLimit": spec.history_limit,
            "jobTemplate": {
                "metadata": {"labels": labels(evaluation.name, EVALUATOR)},
                "spec": _job(evaluation, evaluation.source),
            },
        },
    }


def _job(evaluation: Evaluation, source: Source) -> Manifest:
    return {
        "backoffLimit": RETRIES,
        "activeDeadlineSeconds": JOB_SECONDS,
        "ttlSecondsAfterFinished": KEEP_SECONDS,
        # A pod that a drained node took away is no failed attempt.
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
            ]
        },
        "template": {
            "metadata": {"labels": identity_labels(source.store) | labels(evaluation.name, EVALUATOR)},
            "spec": pod_basics(evaluator_name(evaluation.name))
            | {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": POD_SECONDS,
                "containers": [_container(evaluation, source)],
                "volumes": _volumes(evaluation, source),
            },
        },
    }


def _container(evaluation: Evaluation, source: Source) -> Manifest:
    return {
        "name": EVALUATOR,
        "image": evaluation.release.image,
        "imagePullPolicy": evaluation.release.pull_policy,
        "command": ["python3", "-m", "flow_runtime.evaluator", str(SETTINGS_FILE)],
        "env": [
            *own_env(),
            field_env("JOB_NAME", "metadata.labels['batch.kubernetes.io/job-name']"),
            field_env("JOB_UID", "metadata.labels['batch.kubernetes.io/controller-uid']"),
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": container_security(),
        # The result of the run; the end of a log would be garbage.
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            mount("settings", SETTINGS, read_only=True),
            mount("tmp", TEMPORARY),
            mount("judge", JUDGE, read_only=True),
            *store_mounts(source.store),
        ],
    }


def _volumes(evaluation: Evaluation, source: Source) -> list[Manifest]:
    return [
        config_map_volume("settings", evaluator_name(evaluation.name)),
        scratch_volume("tmp", "1Gi"),
        secret_volume("judge", evaluation.cr.spec.judge.connection.secret_ref.name),
        *store_volumes(source.store),
    ]
