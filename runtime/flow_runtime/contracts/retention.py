"""Operator to retention and back: what a run shall delete, and what it did, as its termination message."""

from datetime import datetime

from pydantic import Field

from flow_runtime.contracts.base import SETTINGS_FILE, Contract
from flow_runtime.contracts.settings import Identity, StoreSettings

RETENTION_FILE = SETTINGS_FILE.with_name("retention.json")
"""Where a run finds its settings, mounted from a ConfigMap."""
CLOCK_EXIT = 3
"""The exit code of a run that does not trust the clock: a second attempt would not know better."""


class RetentionSettings(Contract):
    """What one run needs to know: retention.json."""

    identity: Identity
    store: StoreSettings
    days: int = Field(ge=1, le=3650)
    """What is older goes."""
    dry_run: bool = False
    """Delete nothing, and tell what would be deleted."""
    deadline_seconds: int = 3600
    """A run that takes longer ends in good order; the next one goes on."""


class RetentionSummary(Contract):
    """The end of a run. Counts are of what was deleted, in a dry run of what would be."""

    started: datetime
    finished: datetime
    before: datetime
    """What is wholly older than this was to go."""
    dry_run: bool
    objects: int = Field(0, ge=0)
    rows: int = Field(0, ge=0)
    """Records and rows of feedback in these objects."""
    foreign: int = Field(0, ge=0)
    """Names that are none of ours: left alone."""
    oldest: datetime | None = None
    """The hour of the oldest records or feedback that stay; None when there are none."""
    problem: str = ""
    """CamelCase: StoreForbidden, StoreUnreachable, ClockImplausible, ...: what was counted until then."""
    message: str = ""
