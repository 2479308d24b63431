"""The immutable settings of a revision, read by server and collector."""

from pathlib import Path

from flow_operator.api.collection import Spool
from flow_operator.api.redact import Redact
from flow_operator.manifests.names import REVISION, Manifest, settings_name
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import store_settings
from flow_operator.manifests.volumes import CONNECTIONS, FLOW, HASH_KEY, SOURCE
from flow_runtime.contracts.base import FETCH_FILE, SETTINGS_FILE
from flow_runtime.contracts.fetch import ArchiveSettings, FetchSettings, GitSettings
from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    Identity,
    RedactKey,
    RedactSettings,
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
        "data": {SETTINGS_FILE.name: settings_json(_settings(serving, serving.revision))}
        | _fetch(serving, serving.revision),
    }


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


def _fetch(serving: Serving, revision: str) -> dict[str, str]:
    """The file of the init container that fetches the flow, if there is one."""
    git, archive = serving.spec.flow.git, serving.spec.flow.object_store
    secret = serving.spec.flow.fetch_secret
    place, name = (Path(SOURCE), secret.name) if secret else (None, "")
    settings = FetchSettings(revision=revision, folder=Path(FLOW))
    if git is not None:
        known = GitSettings(url=git.url, commit=git.commit, path=git.path, secret=place, secret_name=name)
        settings = settings.model_copy(update={"git": known})
    elif archive is not None:
        bucket, key = archive.url.removeprefix("s3://").split("/", 1)
        store = StoreSettings(url=f"s3://{bucket}", secret=place, secret_name=name)
        wanted = ArchiveSettings(store=store, key=key, sha256=archive.sha256)
        settings = settings.model_copy(update={"archive": wanted})
    else:
        return {}
    return {FETCH_FILE.name: settings_json(settings)}


def _collection(serving: Serving) -> CollectionSettings | None:
    wanted, store = serving.collection, serving.store
    if wanted is None or store is None:
        return None
    return CollectionSettings(
        store=store_settings(store),
        spool=_spool(wanted.spool),
        capture_nodes=wanted.capture_nodes,
        sampling_percent=wanted.sampling_percent,
        redact=_redact(wanted.redact or Redact()),
        user=wanted.user,
        keep_images=wanted.images == "Keep",
    )


def _spool(wanted: Spool) -> SpoolSettings:
    settings = SpoolSettings(size_mib=wanted.size_mib, seal_after_seconds=wanted.segment_seconds)
    return (
        settings
        if wanted.segment_mib is None
        else settings.model_copy(update={"seal_mib": wanted.segment_mib})
    )


def _redact(wanted: Redact) -> RedactSettings:
    key = wanted.hash_key_secret_ref
    return RedactSettings(
        keys=tuple(RedactKey(name=each.name, action=each.action) for each in wanted.keys),
        patterns=wanted.patterns,
        hash_key=Path(HASH_KEY) if key else None,
        hash_key_secret=key.name if key else "",
    )
