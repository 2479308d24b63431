"""What a collector that was told to end has not stored yet: the termination message, true at any moment."""

from collections.abc import Callable
from pathlib import Path

from flow_runtime import spool
from flow_runtime.contracts.state import RecordCounts
from flow_runtime.contracts.undelivered import Undelivered
from flow_runtime.termination import leave

UNFINISHED = "DrainUnfinished"
"""The store took records, but not all of them in time."""


class LastWords:
    """Writes the message anew after each segment, so that one who is killed has told the truth."""

    def __init__(self, records: Path, feedback: Path, say: Callable[[bytes], None] = leave) -> None:
        self._records = records
        self._feedback = feedback
        self._say = say
        self._known: dict[Path, dict[int, int]] = {}

    def update(self, reason: str = "") -> Undelivered:
        """Count what waits, and say it. `reason`: why nothing is stored now, if there is one."""
        records, feedback = self._waiting(self._records), self._waiting(self._feedback)
        left = Undelivered(
            records=sum(records.values()),
            feedback=sum(feedback.values()),
            first_segment=min(records, default=0),
            last_segment=max(records, default=0),
            reason=(reason or UNFINISHED) if records or feedback else "",
            counts=self._counts(records),
        )
        self._say(left.model_dump_json().encode())
        return left

    def _waiting(self, directory: Path) -> dict[int, int]:
        waiting = spool.waiting(directory, self._known.get(directory, {}))
        newest = max(waiting, default=0)  # may be open, and grow
        self._known[directory] = {no: count for no, count in waiting.items() if no != newest}
        # A segment that is counted is stored, or lost, and only waits for its removal.
        taken = spool.read_collector_state(directory).last_segment
        return {no: count for no, count in waiting.items() if no > taken}

    def _counts(self, waiting: dict[int, int]) -> RecordCounts:
        """What the server counted; one that was killed may have captured more than it saved."""
        counts, state = spool.read_counts(self._records), spool.read_collector_state(self._records)
        return RecordCounts(
            captured=max(counts.captured, state.stored + state.lost + sum(waiting.values())),
            dropped=counts.dropped,
            unsampled=counts.unsampled,
            stored=state.stored,
            lost=state.lost,
        )
