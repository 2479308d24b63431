"""The bounded directory between server and collector: numbered segments of JSON lines, and counts.

The server is the one writer; it appends to `<8 digits>.open` and renames to `<8 digits>.jsonl` to seal.
The collector takes sealed segments away. Neither ever waits for the other, and nothing here knows what a
record means.
"""

from flow_runtime.spool.files import (
    Segment,
    count_lines,
    read_collector_state,
    read_counts,
    seal_leftovers,
    sealed,
    set_aside,
    used_bytes,
    waiting,
    waiting_since,
    write_collector_state,
)
from flow_runtime.spool.models import PUT_BUCKETS, CollectorState, Counts, Drops, PutSeconds
from flow_runtime.spool.recover import recovered_state
from flow_runtime.spool.writer import SPOOL_FULL, WRITE_FAILED, SpoolWriter

__all__ = [
    "PUT_BUCKETS",
    "SPOOL_FULL",
    "WRITE_FAILED",
    "CollectorState",
    "Counts",
    "Drops",
    "PutSeconds",
    "Segment",
    "SpoolWriter",
    "count_lines",
    "read_collector_state",
    "read_counts",
    "recovered_state",
    "seal_leftovers",
    "sealed",
    "set_aside",
    "used_bytes",
    "waiting",
    "waiting_since",
    "write_collector_state",
]
