"""The collector's state where its file was damaged, from what lies in the spool. Reads only."""

from pathlib import Path

from flow_runtime.spool.files import COLLECTOR_FILE, read_counts, read_model, waiting
from flow_runtime.spool.models import CollectorState


def recovered_state(directory: Path) -> CollectorState:
    """The state of the collector that begins now, derived anew where its file is there and cannot be read.

    All that was captured and does not wait is then counted as stored: nothing tells what was lost of it.
    """
    state = read_model(directory / COLLECTOR_FILE, CollectorState)
    if state is not None or not (directory / COLLECTOR_FILE).exists():
        return state or CollectorState()
    counts, lines = read_counts(directory), waiting(directory)
    last = counts.next_segment - 1
    captured, taken_below = (counts.captured_before, last) if last in lines else (counts.captured, last + 1)
    held = sum(count for no, count in lines.items() if no < taken_below)
    return CollectorState(stored=max(0, captured - held), last_segment=min(lines, default=last + 1) - 1)
