"""The CronJob that deletes what is too old.

`kubectl create job --from=cronjob/<name>-retention <job>` runs it now.
"""

from flow_operator.manifests.names import RETENTION, Manifest, labels
from flow_operator.manifests.retention import Retention, retention_of
from flow_operator.manifests.retention_config import RUN_SECONDS
from flow_operator.manifests.security import container_security, own_env, pod_basics
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import identity_labels, store_mounts, store_volumes
from flow_operator.manifests.volumes import (
    SETTINGS,
    TEMPORARY,
    config_map_volume,
    mount,
    scratch_volume,
)
from flow_runtime.contracts.retention import CLOCK_EXIT, RETENTION_FILE

START_WITHIN_SECONDS = 6 * 3600
"""A run that was missed, for instance while the control plane was away, is still made within this time."""
RETRIES = 2
POD_SECONDS = RUN_SECONDS + 120
"""The run ends by itself before that."""
JOB_SECONDS = (RETRIES + 1) * (POD_SECONDS + 120)
"""Beyond every attempt: this deadline deletes the pod and its message."""
KEEP_SECONDS = 7 * 24 * 3600
HISTORY = 2


def retention_job(serving: Serving) -> Manifest | None:
    """Build the CronJob; None when nothing shall be deleted."""
    wanted = retention_of(serving)
    if wanted is None:
        return None
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": wanted.meta(),
        "spec": {
            "schedule": wanted.schedule,
            "timeZone": "UTC",  # the one zone that an API server without a table of zones knows
            "suspend": serving.spec.suspend,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": START_WITHIN_SECONDS,
            "successfulJobsHistoryLimit": HISTORY,
            "failedJobsHistoryLimit": HISTORY,
            "jobTemplate": {
                "metadata": {"labels": labels(serving.name, RETENTION)},
                "spec": _job(wanted),
            },
        },
    }


def _job(wanted: Retention) -> Manifest:
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    untrusted = {"containerName": RETENTION, "operator": "In", "values": [CLOCK_EXIT]}
    return {
        "backoffLimit": RETRIES,
        "activeDeadlineSeconds": JOB_SECONDS,
        "ttlSecondsAfterFinished": KEEP_SECONDS,
        "podFailurePolicy": {
            "rules": [
                # A second attempt would find its own mark, and trust a clock that has leapt.
                {"action": "FailJob", "onExitCodes": untrusted},
                # A pod that a drained node took away is no failed attempt.
                {"action": "Ignore", "onPodConditions": disrupted},
            ]
        },
        "template": {
            "metadata": {"labels": identity_labels(wanted.store) | labels(wanted.serving.name, RETENTION)},
            "spec": pod_basics(wanted.name)
            | {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": POD_SECONDS,
                "containers": [_container(wanted)],
                "volumes": _volumes(wanted),
            },
        },
    }


def _container(wanted: Retention) -> Manifest:
    release = wanted.serving.release
    return {
        "name": RETENTION,
        "image": release.image,
        "imagePullPolicy": release.pull_policy,
        "command": ["python3", "-m", "flow_runtime.retention", str(RETENTION_FILE)],
        "env": own_env(),
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "192Mi"}},
        "securityContext": container_security(),
        # What was done; the end of a log would be garbage.
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            mount("settings", SETTINGS, read_only=True),
            mount("tmp", TEMPORARY),
            *store_mounts(wanted.store),
        ],
    }


def _volumes(wanted: Retention) -> list[Manifest]:
    own = [config_map_volume("settings", wanted.name), scratch_volume("tmp", "64Mi")]
    return [*own, *store_volumes(wanted.store)]
