"""The settings of a FlowDeployment's retention; each run reads them when it starts."""

from flow_operator.manifests.names import Manifest
from flow_operator.manifests.retention import retention_of
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import store_settings
from flow_runtime.contracts.retention import RETENTION_FILE, RetentionSettings
from flow_runtime.contracts.settings import Identity, settings_json

RUN_SECONDS = 3600


def retention_config(serving: Serving) -> Manifest | None:
    """Build the ConfigMap; None when nothing shall be deleted."""
    wanted = retention_of(serving)
    if wanted is None:
        return None
    settings = RetentionSettings(
        identity=Identity(
            cluster=serving.release.cluster, namespace=serving.cr.metadata.namespace, deployment=serving.name
        ),
        store=store_settings(wanted.store),
        days=wanted.days,
        dry_run=wanted.dry_run,
        deadline_seconds=RUN_SECONDS,
    )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": wanted.meta(),
        "data": {RETENTION_FILE.name: settings_json(settings)},
    }
