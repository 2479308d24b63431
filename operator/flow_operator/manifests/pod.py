"""The pod template of a FlowDeployment's revision."""

from flow_operator.manifests.collector_container import collector_container
from flow_operator.manifests.fetch_container import FETCHED_SIZE, fetch_container
from flow_operator.manifests.names import (
    REVISION,
    SERVER,
    Manifest,
    flow_name,
    labels,
    selector,
    service_account_name,
    settings_name,
)
from flow_operator.manifests.security import pod_basics
from flow_operator.manifests.server_container import ENDPOINT_SECONDS, server_container
from flow_operator.manifests.serving import Serving
from flow_operator.manifests.store_access import identity_labels, store_volumes, without_identity
from flow_operator.manifests.volumes import config_map_volume, image_volume, scratch_volume, secret_volume
from flow_runtime.contracts.base import DRAIN_SECONDS, METRICS_PORT

HOSTNAME = "kubernetes.io/hostname"
SCRAPE = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(METRICS_PORT),
    "prometheus.io/path": "/metrics",
}


def pod_template(serving: Serving, revision: str) -> Manifest:
    """Build the template: everything that a change of the revision, and nothing else, may change."""
    collector = collector_container(serving)
    timeout = serving.spec.runtime.request_timeout_seconds
    spec = pod_basics(service_account_name(serving.name)) | {
        "terminationGracePeriodSeconds": ENDPOINT_SECONDS + timeout + DRAIN_SECONDS,
        **_spread(serving.name, revision),
        "containers": [server_container(serving)],
        "volumes": _volumes(serving, revision),
    }
    if before := [each for each in (fetch_container(serving), collector) if each is not None]:
        spec["initContainers"] = before
    own = labels(serving.name, SERVER) | {REVISION: revision}
    meta = {
        "labels": identity_labels(serving.store) | own,
        "annotations": SCRAPE | without_identity(serving.store),
    }
    return {"metadata": meta, "spec": spec}


def _spread(name: str, revision: str) -> Manifest:
    """Spread a revision's pods over the nodes without ever refusing one.

    Both wishes are soft, so that one node, a full node or a drained node never keeps a pod from running.
    They are two because scores add up: spreading (weight 2) and anti-affinity (weight 2) together outweigh
    all that speaks for a fuller node by default (free resources, balance, image already there: weight 1
    each). Counted by revision, so that the pods of the outgoing one do not push the new ones aside.
    """
    same = {"matchLabels": selector(name, SERVER) | {REVISION: revision}}
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": HOSTNAME,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": same,
                "nodeTaintsPolicy": "Honor",
            }
        ],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "podAffinityTerm": {"topologyKey": HOSTNAME, "labelSelector": same}}
                ]
            }
        },
    }


def _volumes(serving: Serving, revision: str) -> list[Manifest]:
    volumes = [
        config_map_volume("settings", settings_name(serving.name, revision)),
        scratch_volume("work", "1Gi"),
        scratch_volume("tmp", "1Gi"),
    ]
    volumes += _flow_volumes(serving, revision)
    volumes += [
        secret_volume(f"connection-{number}", each.secret_ref.name)
        for number, each in enumerate(serving.spec.connections)
    ]
    if serving.collection and serving.store:
        spool = serving.collection.spool
        medium = "Memory" if spool.medium == "Memory" else ""
        volumes.append(scratch_volume("spool", f"{spool.size_mib}Mi", medium))
        volumes += store_volumes(serving.store)
        if serving.hash_key:
            volumes.append(secret_volume("hash-key", serving.hash_key.name))
    return volumes


def _flow_volumes(serving: Serving, revision: str) -> list[Manifest]:
    """Where the flow's files are, unless they are in the image, and the Secret that they are fetched with."""
    flow = serving.spec.flow
    if flow.config_map is not None:
        return [config_map_volume("flow", flow_name(serving.name, revision))]
    if flow.oci is not None:
        return [image_volume("flow", flow.oci.reference, serving.release.pull_policy)]
    if not flow.fetched:
        return []
    secret = [secret_volume("source", flow.fetch_secret.name)] if flow.fetch_secret else []
    return [scratch_volume("flow", FETCHED_SIZE), *secret]
