"""Everything a visit to a FlowDeployment reads before it decides."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.kube import Kube
from flow_operator.manifests.names import (
    REVISION,
    SERVER,
    Manifest,
    flow_name,
    label_of,
    owned_by,
    selector_text,
)
from flow_operator.manifests.revision import FlowFiles, revision_of
from flow_operator.manifests.serving import Release, Serving
from flow_operator.resources import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET
from flow_operator.status.conditions import Breach


@dataclass(frozen=True)
class Observed:
    """The objects around a FlowDeployment. A Deployment of another owner is none."""

    source: Manifest | None
    deployment: Manifest | None
    config_maps: tuple[Manifest, ...]
    replica_sets: tuple[Manifest, ...]
    pods: tuple[Manifest, ...]


async def observe(kube: Kube, cr: FlowDeployment) -> Observed:
    """Read them all."""
    meta = cr.metadata
    selector = selector_text(meta.name, SERVER)
    source_ref = cr.spec.flow.config_map
    source, deployment, config_maps, replica_sets, pods = await asyncio.gather(
        kube.get(CONFIG_MAP, meta.namespace, source_ref.name) if source_ref else _nothing(),
        kube.get(DEPLOYMENT, meta.namespace, meta.name),
        kube.list(CONFIG_MAP, meta.namespace, selector),
        kube.list(REPLICA_SET, meta.namespace, selector),
        kube.list(POD, meta.namespace, selector),
    )
    if deployment is not None and not owned_by(deployment, meta.uid):
        deployment = None
    uid = deployment["metadata"]["uid"] if deployment else ""
    return Observed(
        source=source,
        deployment=deployment,
        config_maps=tuple(each for each in config_maps if owned_by(each, meta.uid)),
        replica_sets=tuple(each for each in replica_sets if owned_by(each, uid)),
        pods=tuple(pods),
    )


def describe(cr: FlowDeployment, release: Release, seen: Observed) -> tuple[Serving, Breach | None]:
    """What shall be served, and what of the source is missing.

    A source that is gone disturbs nothing: while the spec is the one that runs, the revision's own copy of
    the flow takes its place; otherwise there is no revision, and what runs is left alone.
    """
    if cr.spec.flow.config_map is None:
        return Serving(cr, release, revision=revision_of(cr.spec, None)), None
    missing = _missing(cr, seen.source)
    if missing is None and seen.source is not None:
        files = FlowFiles.of(seen.source)
        return Serving(cr, release, revision=revision_of(cr.spec, files), files=files), None
    running = label_of(seen.deployment, REVISION) if seen.deployment else cr.status.revision or ""
    copy_name = flow_name(cr.metadata.name, running)
    copy = next((each for each in seen.config_maps if each["metadata"]["name"] == copy_name), None)
    if copy is not None and revision_of(cr.spec, FlowFiles.of(copy)) == running:
        return Serving(cr, release, revision=running, files=FlowFiles.of(copy)), missing
    return Serving(cr, release), missing


def unused_config_maps(serving: Serving, seen: Observed, deployment: Manifest | None) -> Sequence[Manifest]:
    """The ConfigMaps of revisions that are neither wanted, nor the last one, nor in any ReplicaSet."""
    users = [*seen.replica_sets, *([deployment] if deployment else [])]
    used = {label_of(each, REVISION) for each in users} | {serving.revision, serving.cr.status.revision}
    return [each for each in seen.config_maps if label_of(each, REVISION) not in used]


def _missing(cr: FlowDeployment, source: Manifest | None) -> Breach | None:
    name = cr.spec.flow.config_map.name if cr.spec.flow.config_map else ""
    if source is None:
        return Breach(
            "ConfigMapNotFound", f"there is no ConfigMap {name} in namespace {cr.metadata.namespace}"
        )
    if not source.get("data") and not source.get("binaryData"):
        needed = "a flow.dag.yaml, a flow.flex.yaml or a *.prompty is needed"
        return Breach("ConfigMapEmpty", f"ConfigMap {name} holds no file: {needed}")
    return None


async def _nothing() -> None:
    return None
