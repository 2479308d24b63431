"""What a FlowDeployment keeps of its traffic, and where."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from flow_operator.api.common import Model, Percent
from flow_operator.api.redact import HASH_KEY_MISSING, Redact
from flow_operator.api.rules import AS_SET, Rule, matches, rules
from flow_operator.api.store import Store

SEGMENTS_IN_SPOOL = 5
"""So many segments of the wanted size go at least into a spool: one is stored while others are written."""


class Spool(Model):
    """The bounded buffer in each pod between the server and the store."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                f"!has(self.segmentMiB) || self.segmentMiB * {SEGMENTS_IN_SPOOL} <= self.sizeMiB",
                f"segmentMiB must be at most a fifth of sizeMiB: {SEGMENTS_IN_SPOOL} segments must fit into"
                " the spool, so that one can be stored while others are written",
                ".segmentMiB",
            )
        )
    )

    medium: Literal["Memory", "Disk"] = "Memory"
    """Memory keeps raw text off the node's disk; what is not stored yet is lost with the pod, and it counts
    as memory of the pod. Disk holds more, and so rides out longer outages of the store."""
    size_mib: Annotated[int, Field(ge=16, le=4096, alias="sizeMiB")] = 64
    """Size in MiB. When it is full, new records are dropped and counted; requests are never held up."""
    segment_mib: Annotated[int | None, Field(ge=1, le=64, alias="segmentMiB")] = None
    """Size in MiB, before compression, at which records become an object of the store. Without it 8, or a
    fifth of sizeMiB where that is less."""
    segment_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """Age at which records become an object of the store, however few they are. What a FlowMonitor is to
    judge must be stored before it runs: keep this below its window.offset."""


class Collection(Model):
    """Keeps a record of every request: its inputs, outputs, tokens, timings and errors."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!self.enabled || has(self.store)",
                "store must be set while collection is enabled: give collection.store.url such as"
                " s3://bucket/prefix, or set collection.enabled to false",
                ".store",
            ),
            Rule(
                "!has(self.user) || self.user == ''"
                " || (has(self.redact) && has(self.redact.hashKeySecretRef))",
                f"user is kept as a keyed hash only: {HASH_KEY_MISSING}",
                ".redact",
            ),
            Rule(
                "!has(self.retentionDays) || has(self.store)",
                "store must be set where retentionDays is: its records are what is deleted",
                ".store",
            ),
            Rule(
                "!self.retentionDryRun || has(self.retentionDays)",
                "retentionDays must be set where retentionDryRun is: give the days to try",
                ".retentionDays",
            ),
        )
    )

    enabled: bool = True
    """Set false to stop collecting and keep the settings."""
    store: Store | None = None
    """Where the records go. Required while collection is enabled."""
    capture_nodes: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...], Field(max_length=20), AS_SET
    ] = ()
    """Nodes of the flow whose outputs are kept with the record, so that a FlowMonitor can judge an answer
    against what was retrieved without a change of the flow. At most 20, each once."""
    spool: Spool = Spool()
    """Buffer in each pod between the server and the store."""
    sampling_percent: Percent = 100
    """How many of the requests that succeed are kept; all that fail are. Drawn by the request's id, so that a
    retry and every other hop come to the same decision."""
    redact: Redact | None = None
    """What is taken out of a record before it is stored."""
    user: Annotated[
        str,
        Field(max_length=256),
        matches(
            "^(|[A-Za-z0-9-]+|inputs([.][^.\\x00-\\x1f]+)+)$",
            "user must be the name of a header (x-user-id) or the path of an input (inputs.customer.id)",
        ),
    ] = ""
    """Who asked: the name of a header, or the path of an input. Only its keyed hash is kept, in the record's
    field user and in the input's own place, so that users can be counted and none be named."""
    images: Literal["Digest", "Keep"] = "Digest"
    """Digest keeps of an image its SHA-256, size and media type; Keep stores it whole, and does not look into
    it."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Days after which records, feedback and the evaluations that quote them are deleted, by a run each day
    of the CronJob <name>-retention; status.retention tells of it. Nothing is ever deleted while this is left
    out, while suspend is true, or once this FlowDeployment is gone. It goes on while enabled is false."""
    retention_dry_run: bool = False
    """Set true to delete nothing: the runs then only count what retentionDays would delete."""
