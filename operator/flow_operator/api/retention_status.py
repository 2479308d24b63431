"""What the operator reports of a FlowDeployment's last run of retention."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from flow_operator.api.common import Count, Model, Text


class RetentionStatus(Model):
    """The run of the CronJob <name>-retention that finished last."""

    job: Annotated[str, Field(max_length=253)]
    """Name of its Job."""
    last_run: datetime
    """When it ended."""
    dry_run: bool | None = None
    """Whether it only counted, because of retentionDryRun."""
    before: datetime | None = None
    """What was wholly older than this was to go."""
    deleted_objects: Count | None = None
    """Objects that were deleted; in a dry run, that would have been."""
    deleted_rows: Count | None = None
    """Records and feedback in these objects."""
    foreign_objects: Count | None = None
    """Names that are none of ours and were left alone."""
    oldest: datetime | None = None
    """Day or hour of the oldest records or feedback that stay. Missing when there are none."""
    reason: Annotated[str, Field(max_length=63)] | None = None
    """Why the run came to no end, as one CamelCase word. Missing when all is well."""
    message: Text | None = None
    """What went wrong or was left, as a sentence."""
