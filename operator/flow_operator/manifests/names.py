"""Names, labels and annotations of everything the operator makes: defined once, here."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from flow_operator.api.common import API_VERSION, GROUP, Metadata

Manifest: TypeAlias = dict[str, Any]

MANAGER = "flow-operator"
MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
APP = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_SELECTOR = f"{MANAGED_BY}={MANAGER}"

SERVER = "server"
EVALUATOR = "evaluator"
RETENTION = "retention"

REVISION = f"{GROUP}/revision"
APPLIED = f"{GROUP}/applied"
"""Annotation: digest of the manifest as applied, so that a field that is no longer built is taken away."""
TEMPLATE = f"{GROUP}/template"
"""Annotation of a Deployment: digest of the pod template as it was built for the revision."""

REVISION_DIGITS = 12


def digest(value: object) -> str:
    """Twelve hexadecimal digits of SHA-256 over canonical JSON: equal values have equal digests."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:REVISION_DIGITS]


def service_account_name(name: str) -> str:
    """The ServiceAccount of a FlowDeployment's pods."""
    return f"{name}-server"


def flow_name(name: str, revision: str) -> str:
    """The ConfigMap that is a revision's copy of the flow."""
    return f"{name}-{revision}"


def settings_name(name: str, revision: str) -> str:
    """The ConfigMap of a revision's settings."""
    return f"{name}-{revision}-settings"


def evaluator_name(name: str) -> str:
    """The ConfigMap and the ServiceAccount of a FlowMonitor's runs; the CronJob has the monitor's name."""
    return f"{name}-evaluator"


def retention_name(name: str) -> str:
    """The CronJob, ConfigMap and ServiceAccount of a FlowDeployment's retention."""
    return f"{name}-retention"


def selector(name: str, component: str) -> dict[str, str]:
    """The labels that tell the pods of one resource; a Deployment's selector can never change."""
    return {APP: f"flow-{component}", INSTANCE: name}


def labels(name: str, component: str) -> dict[str, str]:
    """The labels of every child of one resource."""
    return selector(name, component) | {COMPONENT: component, PART_OF: MANAGER, MANAGED_BY: MANAGER}


def selector_text(name: str, component: str) -> str:
    """The same selector as kubectl and the API write it."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector(name, component).items()))


def child_meta(
    kind: str, owner: Metadata, component: str, name: str, extra_labels: Mapping[str, str] | None = None
) -> Manifest:
    """The metadata of a child: named, labelled, and owned so that it goes when its owner goes."""
    return {
        "name": name,
        "namespace": owner.namespace,
        "labels": labels(owner.name, component) | dict(extra_labels or {}),
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": kind,
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                # True would need rights on our finalizers where OwnerReferencesPermissionEnforcement is on.
                "blockOwnerDeletion": False,
            }
        ],
    }


def sealed(manifest: Manifest) -> Manifest:
    """The manifest with the digest of itself as an annotation."""
    meta = manifest["metadata"]
    annotations = dict(meta.get("annotations", {})) | {APPLIED: digest(manifest)}
    return manifest | {"metadata": meta | {"annotations": annotations}}


def owned_by(live: Manifest, uid: str) -> bool:
    """Whether an object has an owner of that uid; names prove nothing."""
    return any(ref.get("uid") == uid for ref in live["metadata"].get("ownerReferences") or ())


def label_of(live: Manifest, key: str) -> str:
    """A label's value, empty when there is none."""
    return str((live["metadata"].get("labels") or {}).get(key, ""))


def annotation_of(live: Manifest, key: str) -> str:
    """An annotation's value, empty when there is none."""
    return str((live["metadata"].get("annotations") or {}).get(key, ""))
