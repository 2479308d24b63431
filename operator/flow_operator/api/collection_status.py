"""What the operator reports of a FlowDeployment's records: totals that outlive the pods they come from."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from flow_operator.api.common import Count, Model
from flow_operator.api.rules import BY_UID

PODS_LIMIT = 200
"""Pods whose counts the status holds: 100 replicas, and as many that replace them."""


class Dropped(Model):
    """Records that did not get into a pod's spool, by reason."""

    spool_full: Count = 0
    """The spool was full."""
    write_failed: Count = 0
    """The spool could not be written."""
    no_json: Count = 0
    """The record could not be written as JSON."""
    other: Count = 0
    """Any other reason."""


class Tally(Model):
    """Counts of records."""

    captured: Count = 0
    """Records that were written to the spool."""
    dropped: Dropped = Dropped()
    """Records that did not get into the spool."""
    unsampled: Count = 0
    """Requests that were not drawn, so that there is no record of them."""
    stored: Count = 0
    """Records that arrived in the store."""
    lost: Count = 0
    """Records that were written to the spool and never will arrive."""


class PodTally(Model):
    """A pod and the last that is known of its records."""

    uid: Annotated[str, Field(max_length=63)]
    """The pod's metadata.uid."""
    name: Annotated[str, Field(max_length=253)]
    """The pod's name."""
    counts: Tally | None = None
    """Counts since the pod began. Missing while it could not be asked."""


class Lost(Model):
    """Records that were captured and are known never to arrive in the store."""

    records: Count
    """How many, of all pods that there ever were."""
    feedback: Count = 0
    """Rows of feedback that were lost with a pod."""
    last_pod: Annotated[str, Field(max_length=253)] | None = None
    """The last pod that ended without having stored everything."""
    segments: Annotated[str, Field(max_length=63)] | None = None
    """The segments that it took with it, such as 6-7: in the store these numbers are missing."""
    reason: Annotated[str, Field(max_length=63)] | None = None
    """What kept it from storing them, such as StoreUnreachable."""
    time: datetime | None = None
    """When that was noticed."""


class Unaccounted(Model):
    """Pods that went away without a last word: nobody knows what became of their last records."""

    pods: Count
    """How many pods."""
    records: Count
    """Records that they held when they were last asked, up to a minute before. How many of them were stored
    afterwards, and how many more were captured, is not known."""
    last_pod: Annotated[str, Field(max_length=253)] | None = None
    """The last such pod."""
    time: datetime | None = None
    """When that was noticed."""


class CollectionStatus(Model):
    """Records of all pods since this resource was made, brought up to date about once a minute.

    Counts never go back. captured + dropped + unsampled are the requests that were answered; captured is
    stored + waiting + lost.records, but for records that are unaccounted for.
    """

    captured: Count | None = None
    """Requests whose record was written to the spool. Missing, like the other counts, until a pod could be
    asked."""
    dropped: Count | None = None
    """Requests whose record did not get into the spool. Condition Collecting says why."""
    dropped_by_reason: Dropped | None = None
    """The same by reason."""
    unsampled: Count | None = None
    """Requests that were not drawn for the sample, so that there is no record of them."""
    stored: Count | None = None
    """Records that arrived in the store."""
    waiting: Count | None = None
    """Records in the spools of the present pods, on their way to the store."""
    spool_bytes: Count | None = None
    """Bytes in the spools of the pods that could be asked."""
    last_stored: datetime | None = None
    """When a record last arrived in the store."""
    lost: Lost | None = None
    """Records that were captured and never will arrive."""
    unaccounted: Unaccounted | None = None
    """Pods of whose last records nothing is known. Missing while there was none."""
    pods: Annotated[tuple[PodTally, ...], Field(max_length=PODS_LIMIT), BY_UID] = ()
    """The present pods, each with its own counts."""
    departed: Tally | None = None
    """The counts of all pods that are gone."""
