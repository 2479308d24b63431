"""Volumes and where the containers find them. Secrets are optional: a pod without one starts and says so."""

from flow_operator.manifests.names import Manifest
from flow_runtime.contracts.base import SETTINGS_FILE

CONNECTIONS = "/connections"
HASH_KEY = "/hash-key"
SPOOL = "/spool"
FLOW = "/flow"
SOURCE = "/source"
WORK = "/work"
TEMPORARY = "/tmp"  # noqa: S108 - a mount point in a pod
SETTINGS = str(SETTINGS_FILE.parent)

READABLE_BY_GROUP = 0o440


def config_map_volume(name: str, config_map: str) -> Manifest:
    """A ConfigMap as files."""
    return {"name": name, "configMap": {"name": config_map}}


def secret_volume(name: str, secret: str) -> Manifest:
    """A Secret as files, empty while there is no such Secret."""
    source = {"secretName": secret, "optional": True, "defaultMode": READABLE_BY_GROUP}
    return {"name": name, "secret": source}


def claim_volume(name: str, claim: str) -> Manifest:
    """A PersistentVolumeClaim."""
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def image_volume(name: str, reference: str, pull_policy: str) -> Manifest:
    """The files of an OCI artifact, read-only."""
    return {"name": name, "image": {"reference": reference, "pullPolicy": pull_policy}}


def scratch_volume(name: str, size: str, medium: str = "") -> Manifest:
    """An empty folder for as long as the pod lives, of limited size."""
    source = {"sizeLimit": size} | ({"medium": medium} if medium else {})
    return {"name": name, "emptyDir": source}


def mount(name: str, path: str, *, read_only: bool = False) -> Manifest:
    """Put a volume at a path of a container."""
    return {"name": name, "mountPath": path} | ({"readOnly": True} if read_only else {})
