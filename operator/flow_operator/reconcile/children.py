"""Brings children about: apply what differs, never adopt, remove what is no longer built."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from flow_operator.diff import contains
from flow_operator.errors import Refused
from flow_operator.kube import Kube
from flow_operator.manifests.names import APPLIED, Manifest, annotation_of, owned_by
from flow_operator.resources import BY_KIND, Resource
from flow_operator.status.conditions import Breach

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What became of the children."""

    live: dict[str, Manifest] = field(default_factory=dict)
    """The children as the API server has them now, by kind/name."""
    conflict: Breach | None = None
    refused: Breach | None = None


async def bring_about(kube: Kube, owner_uid: str, desired: Sequence[Manifest]) -> Outcome:
    """Make the live children hold what is desired; nothing is written while one name is taken by another."""
    found = await asyncio.gather(*(kube.get(*_place(manifest)) for manifest in desired))
    outcome = Outcome()
    for manifest, live in zip(desired, found, strict=True):
        if live is not None and not owned_by(live, owner_uid):
            outcome.conflict = outcome.conflict or _conflict(manifest, live)
    if outcome.conflict:
        return outcome
    for manifest, live in zip(desired, found, strict=True):
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        try:
            outcome.live[name] = await _apply(kube, manifest, live)
        except Refused as error:
            outcome.refused = Breach("ApplyRefused", f"{name} was refused: {error}")
            return outcome
    return outcome


async def prune(kube: Kube, owner_uid: str, unwanted: Sequence[Manifest], resource: Resource) -> None:
    """Delete what is ours and no longer needed."""
    for live in unwanted:
        if owned_by(live, owner_uid) and "deletionTimestamp" not in live["metadata"]:
            await kube.delete(resource, live)
            log.info("deleted", extra=_about(resource.kind, live))


async def _apply(kube: Kube, manifest: Manifest, live: Manifest | None) -> Manifest:
    wanted = manifest if live is None else _frozen(manifest, live)
    if live is not None and contains(live, wanted):
        return live
    applied = await kube.apply(BY_KIND[manifest["kind"]], wanted)
    log.info("created" if live is None else "changed", extra=_about(manifest["kind"], manifest))
    return applied


def _frozen(manifest: Manifest, live: Manifest) -> Manifest:
    """An immutable ConfigMap stays as the release that made it wrote it."""
    if not live.get("immutable"):
        return manifest
    content = {key: live[key] for key in ("data", "binaryData") if key in live}
    rest = {key: value for key, value in manifest.items() if key not in ("data", "binaryData")}
    meta = rest["metadata"]
    kept = meta["annotations"] | {APPLIED: annotation_of(live, APPLIED) or meta["annotations"][APPLIED]}
    return rest | content | {"metadata": meta | {"annotations": kept}}


def _place(manifest: Manifest) -> tuple[Resource, str, str]:
    meta = manifest["metadata"]
    return BY_KIND[manifest["kind"]], meta["namespace"], meta["name"]


def _conflict(manifest: Manifest, live: Manifest) -> Breach:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    owners = [f"{ref['kind']} {ref['name']}" for ref in live["metadata"].get("ownerReferences") or ()]
    owner = f"belongs to {owners[0]}" if owners else "was made by somebody else"
    return Breach(
        "NameConflict",
        f"{kind} {name} already exists and {owner}: delete or rename it, or choose another name",
    )


def _about(kind: str, manifest: Manifest) -> dict[str, str]:
    meta = manifest["metadata"]
    return {"kind": kind, "namespace": meta["namespace"], "object": meta["name"]}
