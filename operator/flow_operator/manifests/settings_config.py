"""The immutable settings of a revision, read by server and collector."""

from pathlib import Path

from flow_operator.api.collection import Store
from flow_operator.manifests.names import REVISION, Manifest, settings_name
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.volumes import CONNECTIONS, STORE
from flow_runtime.contracts.base import SETTINGS_FILE
from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    Identity,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)

MEBIBYTE = 1024 * 1024


def settings_config(serving: Serving) -> Manifest | None:
    """Build the ConfigMap; None when there is no revision."""
    if serving.revision is None:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": serving.meta(settings_name(serving.name, serving.revision), {REVISION: serving.revision}),
        "immutable": True,
        "data": {SETTINGS_FILE.name: settings_json(_settings(serving, serving.revision))},
    }


def store_settings(store: Store) -> StoreSettings:
    """The store as the pods see it."""
    if store.secret_ref is None:
        return StoreSettings(url=store.url)
    return StoreSettings(url=store.url, secret=Path(STORE), secret_name=store.secret_ref.name)


def _settings(serving: Serving, revision: str) -> ServerSettings:
    spec = serving.spec
    flow = {"flow": Path(spec.flow.image.path)} if spec.flow.image else {}
    return ServerSettings(
        identity=Identity(
            cluster=serving.release.cluster, namespace=serving.cr.metadata.namespace, deployment=serving.name
        ),
        revision=revision,
        connections=tuple(
            ConnectionSettings(
                name=each.name,
                type=each.type,
                directory=Path(CONNECTIONS, each.name),
                secret_name=each.secret_ref.name,
            )
            for each in spec.connections
        ),
        request_timeout_seconds=spec.runtime.request_timeout_seconds,
        max_concurrent_requests=spec.runtime.max_concurrent_requests,
        variant=spec.flow.variant,
        body_limit_bytes=spec.runtime.max_request_mib * MEBIBYTE,
        errors=spec.runtime.errors,
        image_urls=spec.runtime.image_urls,
        collection=_collection(serving),
        **flow,
    )


def _collection(serving: Serving) -> CollectionSettings | None:
    wanted, store = serving.collection, serving.store
    if wanted is None or store is None:
        return None
    return CollectionSettings(
        store=store_settings(store),
        spool=SpoolSettings(size_mib=wanted.spool.size_mib),
        capture_nodes=wanted.capture_nodes,
    )
