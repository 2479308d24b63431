"""What lets a pod reach the store: a mounted Secret, a mounted claim, or an identity of its cloud.

For the collector, the evaluator and whatever else opens the store; nothing else is given any of it.
"""

from pathlib import Path

from flow_operator.api.store import Store
from flow_operator.manifests.names import SERVER, Manifest
from flow_operator.manifests.volumes import claim_volume, mount, secret_volume
from flow_runtime.contracts.store import AzureSettings, EncryptionSettings, S3Settings, StoreSettings

SECRET_FOLDER = "/store"  # noqa: S105 - a mount point
VOLUME_FOLDER = "/store-volume"
_SECRET, _VOLUME = "store", "store-volume"
_SKIP = ("eks.amazonaws.com/skip-containers", "azure.workload.identity/skip-containers")
"""Where the clouds' webhooks look for the containers that get no identity."""


def store_settings(store: Store) -> StoreSettings:
    """The store as the pods see it."""
    settings = StoreSettings(url=store.url)
    if store.secret_ref is not None:
        named = {"secret": Path(SECRET_FOLDER), "secret_name": store.secret_ref.name}
        settings = settings.model_copy(update=named)
    if store.persistent_volume_claim is not None:
        settings = settings.model_copy(update={"volume": Path(VOLUME_FOLDER)})
    if store.s3 is not None:
        given = store.s3.encryption
        encryption = EncryptionSettings.model_validate(given.model_dump(by_alias=False)) if given else None
        s3 = S3Settings(
            region=store.s3.region,
            endpoint=store.s3.endpoint,
            addressing=store.s3.addressing,
            encryption=encryption,
        )
        settings = settings.model_copy(update={"s3": s3})
    if store.azure is not None:
        azure = AzureSettings(account=store.azure.account, endpoint=store.azure.endpoint)
        settings = settings.model_copy(update={"azure": azure})
    return settings


def store_volumes(store: Store) -> list[Manifest]:
    """Volumes of a pod with a container that opens the store."""
    volumes = [secret_volume(_SECRET, store.secret_ref.name)] if store.secret_ref else []
    claim = store.persistent_volume_claim
    return [*volumes, claim_volume(_VOLUME, claim.claim_name)] if claim else volumes


def store_mounts(store: Store) -> list[Manifest]:
    """Mounts of such a container."""
    mounts = [mount(_SECRET, SECRET_FOLDER, read_only=True)] if store.secret_ref else []
    return [*mounts, mount(_VOLUME, VOLUME_FOLDER)] if store.persistent_volume_claim else mounts


def identity_annotations(store: Store | None) -> dict[str, str]:
    """Annotations of the ServiceAccount of such a pod."""
    return dict(store.workload_identity.annotations) if store and store.workload_identity else {}


def identity_labels(store: Store | None) -> dict[str, str]:
    """Labels of such a pod."""
    return dict(store.workload_identity.labels) if store and store.workload_identity else {}


def without_identity(store: Store | None) -> dict[str, str]:
    """Annotations of a pod whose server shall not share the identity of its collector."""
    return dict.fromkeys(_SKIP, SERVER) if store and store.workload_identity else {}
