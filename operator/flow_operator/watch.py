"""Watches by kopf, as plumbing only: an event names a resource to visit, and tells nothing but a pod's end.

No handler of ours changes an object, so kopf writes no annotation and no finalizer. What a watch misses, the
resync finds.
"""

from collections.abc import Callable, Iterator
from typing import Any

import kopf
from kubernetes.client import Configuration

from flow_operator.kube import Manifest, bearer_token
from flow_operator.manifests.names import (
    COMPONENT,
    EVALUATOR,
    INSTANCE,
    MANAGED_SELECTOR,
    RETENTION,
    SERVER,
    label_of,
)
from flow_operator.reconcile.context import Key, References
from flow_operator.resources import (
    CHILD_KINDS,
    CONFIG_MAP,
    FLOW_DEPLOYMENT,
    FLOW_MONITOR,
    GROUP,
    JOB,
    OWN_KINDS,
    POD,
    Resource,
)

_OWNER_BY_COMPONENT = {
    SERVER: FLOW_DEPLOYMENT.kind,
    RETENTION: FLOW_DEPLOYMENT.kind,
    EVALUATOR: FLOW_MONITOR.kind,
}
Report = Callable[[Resource, Manifest, bool], None]
"""Takes a kind, an object of it, and whether that is the object's last state."""
WATCHED = (*OWN_KINDS, *CHILD_KINDS, JOB, POD)


def keys_of(kind: str, body: Manifest, references: References) -> Iterator[Key]:
    """The resources to visit when an object was added, changed or deleted."""
    meta = body["metadata"]
    this = Key(kind, meta["namespace"], meta["name"])
    if kind in _OWNER_BY_COMPONENT.values():
        yield this
    for ref in meta.get("ownerReferences") or ():
        if str(ref.get("apiVersion", "")).startswith(f"{GROUP}/"):
            yield Key(ref["kind"], this.namespace, ref["name"])
    # Pods and Jobs are not ours directly; their labels say whose they are, and a wrong hint costs one visit.
    if kind in (POD.kind, JOB.kind) and (owner := _OWNER_BY_COMPONENT.get(label_of(body, COMPONENT))):
        yield Key(owner, this.namespace, label_of(body, INSTANCE))
    yield from references.users(this)


def registry_of(config: Configuration, report: Report) -> kopf.OperatorRegistry:
    """Handlers that report every event of every watched kind; the login is the one of our own client."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def startup(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure(settings)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return connection_of(config)

    for resource in WATCHED:
        kopf.on.event(
            resource.group, resource.version, resource.plural, registry=registry, id=resource.plural
        )(_reporter(resource, report))
    return registry


def _reporter(resource: Resource, report: Report) -> Callable[..., Any]:
    async def handler(event: kopf.RawEvent, **_: Any) -> None:
        report(resource, dict(event["object"]), event["type"] == "DELETED")

    return handler


def configure(settings: kopf.OperatorSettings) -> None:
    """The settings that make kopf a watcher and nothing more."""
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.server_timeout = 600
    settings.watching.inactivity_timeout = 70
    settings.watching.connect_timeout = 10
    for resource in WATCHED:
        # A flow's own ConfigMap bears no label of ours.
        if resource not in OWN_KINDS and resource is not CONFIG_MAP:
            settings.watching.label_selectors[resource.group, resource.plural] = MANAGED_SELECTOR
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.enforce_retry_after = True
    settings.execution.max_workers = 4
    # Never used; but if ever, then not under kopf's own name.
    settings.persistence.finalizer = f"{GROUP}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP, v1=False)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP, v1=False)
    settings.process.ultimate_exiting_timeout = 45


def connection_of(config: Configuration) -> kopf.ConnectionInfo:
    """Our client's connection, with the token of this moment, in kopf's words."""
    return kopf.ConnectionInfo(
        server=config.host,
        ca_path=config.ssl_ca_cert,
        insecure=not config.verify_ssl,
        scheme="Bearer",
        token=bearer_token(config),
        certificate_path=config.cert_file,
        private_key_path=config.key_file,
    )
