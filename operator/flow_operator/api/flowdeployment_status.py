"""What the operator reports of a FlowDeployment. What is not known is missing, and never written as 0."""

from typing import Annotated

from pydantic import Field

from flow_operator.api.collection_status import CollectionStatus
from flow_operator.api.common import Conditions, Count, Model, Text
from flow_operator.api.retention_status import RetentionStatus
from flow_operator.api.rules import BY_NAME

CONDITIONS = ("Accepted", "ReferencesResolved", "Progressing", "Ready", "Collecting", "RuntimeOutdated")
"""Every condition type of a FlowDeployment, in the order in which they are shown."""

PORTS_LIMIT = 100
"""Inputs or outputs of a flow that the status lists."""


class FlowPort(Model):
    """One input or output of the flow."""

    name: Annotated[str, Field(max_length=253)]
    """Name as the flow declares it, and as it appears in requests, answers and records."""
    type: Annotated[str, Field(max_length=63)]
    """Type as the flow declares it, such as string, list or object."""


class FlowStatus(Model):
    """What the serving flow takes and gives, as its pods loaded it."""

    kind: Annotated[str, Field(max_length=63)]
    """Format of the flow: dag for a flow.dag.yaml, flex for a flow.flex.yaml, prompty for a *.prompty."""
    inputs: Annotated[tuple[FlowPort, ...], Field(max_length=PORTS_LIMIT), BY_NAME] = ()
    """Inputs: the fields of a request to /score."""
    outputs: Annotated[tuple[FlowPort, ...], Field(max_length=PORTS_LIMIT), BY_NAME] = ()
    """Outputs: the fields of an answer of /score."""


class FlowDeploymentStatus(Model):
    """What the operator observed of the flow's pods, revision and records."""

    observed_generation: Count | None = None
    """The metadata.generation that this status speaks of."""
    url: Text | None = None
    """Address for POST requests of clients inside the cluster."""
    revision: Annotated[str, Field(max_length=63)] | None = None
    """Revision that is rolled out: 12 hexadecimal digits, from the flow's files and what of the spec shapes a
    pod."""
    ready: Annotated[str, Field(max_length=15)] | None = None
    """Ready pods of wanted pods, such as 3/3; for the column of kubectl get."""
    replicas: Count | None = None
    """Pods that exist, for kubectl scale and autoscalers."""
    ready_replicas: Count | None = None
    """Pods that take requests."""
    selector: Text | None = None
    """Label selector of the pods, for kubectl scale and autoscalers."""
    flow: FlowStatus | None = None
    """What the serving flow takes and gives. Missing until a pod has loaded it."""
    collection: CollectionStatus | None = None
    """Records of all pods since this resource was made. Missing until something is collected."""
    retention: RetentionStatus | None = None
    """What the last run of retention deleted. Missing while collection.retentionDays is not set, and until
    the first run."""
    conditions: Conditions = ()
    """Accepted: the spec can be acted on. ReferencesResolved: what it names was found. Progressing: a rollout
    is under way. Ready: as many pods as wanted take requests. Collecting: records reach the store.
    RuntimeOutdated: the pods run an older runtime image than the installed release has."""
