"""The kinds the operator deals with, and all that it may do with each: the source of the chart's RBAC.

Secrets are absent on purpose, and so are Roles and bindings.
"""

from dataclasses import dataclass

GROUP = "flowoperator.dev"
VERSION = "v1alpha1"


@dataclass(frozen=True)
class Resource:
    """One kind of the API: where it lives, and the verbs the operator needs on it."""

    group: str
    version: str
    plural: str
    kind: str
    verbs: tuple[str, ...]

    @property
    def api_version(self) -> str:
        """The manifest's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of one object, or of the collection when `name` is None."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        parts += ["namespaces", namespace] if namespace else []
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(parts)


_READ = ("list", "watch")
_CHILD = ("get", "list", "watch", "create", "patch", "delete")
"""Server-side apply of an object that is not there yet needs `create` beside `patch`."""

FLOW_DEPLOYMENT = Resource(GROUP, VERSION, "flowdeployments", "FlowDeployment", ("get", *_READ))
FLOW_MONITOR = Resource(GROUP, VERSION, "flowmonitors", "FlowMonitor", ("get", *_READ))
CONFIG_MAP = Resource("", "v1", "configmaps", "ConfigMap", _CHILD)
SERVICE = Resource("", "v1", "services", "Service", _CHILD)
SERVICE_ACCOUNT = Resource("", "v1", "serviceaccounts", "ServiceAccount", _CHILD)
DEPLOYMENT = Resource("apps", "v1", "deployments", "Deployment", _CHILD)
POD_DISRUPTION_BUDGET = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", _CHILD)
CRON_JOB = Resource("batch", "v1", "cronjobs", "CronJob", _CHILD)
JOB = Resource("batch", "v1", "jobs", "Job", _READ)
POD = Resource("", "v1", "pods", "Pod", _READ)
REPLICA_SET = Resource("apps", "v1", "replicasets", "ReplicaSet", ("list",))
EVENT = Resource("events.k8s.io", "v1", "events", "Event", ("create",))
LEASE = Resource("coordination.k8s.io", "v1", "leases", "Lease", ("get", "create", "update"))
"""In the operator's own namespace only (a Role, not the ClusterRole)."""

OWN_KINDS = (FLOW_DEPLOYMENT, FLOW_MONITOR)
CHILD_KINDS = (CONFIG_MAP, SERVICE, SERVICE_ACCOUNT, DEPLOYMENT, POD_DISRUPTION_BUDGET, CRON_JOB)
BY_KIND = {resource.kind: resource for resource in (*OWN_KINDS, *CHILD_KINDS)}


def cluster_rules() -> list[dict[str, list[str]]]:
    """The rules of the ClusterRole (or of a Role in each watched namespace), in the order of this module."""
    used = (*OWN_KINDS, *CHILD_KINDS, JOB, POD, REPLICA_SET, EVENT)
    rules = [_rule(resource, resource.plural, resource.verbs) for resource in used]
    return rules + [_rule(resource, f"{resource.plural}/status", ("patch",)) for resource in OWN_KINDS]


def lease_rules() -> list[dict[str, list[str]]]:
    """The rules of the Role in the operator's own namespace."""
    return [_rule(LEASE, LEASE.plural, LEASE.verbs)]


def _rule(resource: Resource, plural: str, verbs: tuple[str, ...]) -> dict[str, list[str]]:
    return {"apiGroups": [resource.group], "resources": [plural], "verbs": list(verbs)}
