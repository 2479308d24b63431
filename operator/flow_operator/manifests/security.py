"""What makes every pod of ours pass the `restricted` Pod Security Standard, and then some."""

from typing import Any

from flow_operator.manifests.names import Manifest

USER = 10001
"""The image's own user; also the group that volumes belong to."""


def pod_security() -> Manifest:
    """The security context of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """The security context of a container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def pod_basics(service_account: str) -> dict[str, Any]:
    """The fields of a pod's spec that keep Kubernetes and its neighbours out."""
    return {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
    }


def own_env() -> list[Manifest]:
    """The environment that all our containers have."""
    return [
        {"name": "HOME", "value": "/tmp"},  # noqa: S108 - the only writable place for tools that need one
        {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
        field_env("POD_NAME", "metadata.name"),
        field_env("POD_UID", "metadata.uid"),
    ]


def field_env(name: str, path: str) -> Manifest:
    """An environment variable that Kubernetes fills in from the pod's own metadata."""
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
