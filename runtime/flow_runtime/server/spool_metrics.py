"""The records' metrics, server's and collector's in one scrape: read from the spool's files."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_runtime.contracts.settings import SpoolSettings
from flow_runtime.server.recorder import NO_JSON
from flow_runtime.spool import (
    SPOOL_FULL,
    WRITE_FAILED,
    PutSeconds,
    SpoolWriter,
    read_collector_state,
    used_bytes,
    waiting_since,
)

DROPPED = (SPOOL_FULL, WRITE_FAILED, NO_JSON)
REDACTED = ("dropped", "hashed", "masked", "secret", "user")
"""What every policy can come to has series from the start, what a pattern finds with its first find."""


class SpoolMetrics(Collector):
    """The records' way: written by the server, stored by the collector, read from the spool's files."""

    def __init__(self, directory: Path, spool: SpoolWriter) -> None:
        self._directory = directory
        self._spool = spool

    def describe(self) -> list[Metric]:
        """Nothing is read when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the counts. What is shown here is on file, so that no crash can take it back."""
        counts, state = self._spool.counts, read_collector_state(self._directory)
        records = CounterMetricFamily(
            "flow_records",
            "Records by how far they came: captured in the spool (or unsampled), then stored or lost.",
            labels=["result"],
        )
        results = {
            "captured": counts.captured,
            "unsampled": counts.unsampled,
            "stored": state.stored,
            "lost": state.lost,
        }
        for result, count in results.items():
            records.add_metric([result], count)
        yield records
        dropped = CounterMetricFamily(
            "flow_records_dropped", "Records that did not get into the spool.", labels=["reason"]
        )
        for reason in dict.fromkeys(DROPPED, 0) | counts.dropped:
            dropped.add_metric([reason], counts.dropped.get(reason, 0))
        yield dropped
        redacted = CounterMetricFamily(
            "flow_records_redacted",
            "What was taken out of records and feedback, by kind.",
            labels=["kind"],
        )
        feedback = read_collector_state(SpoolSettings(directory=self._directory).feedback.directory)
        redactions = Counter(dict.fromkeys(REDACTED, 0))
        redactions.update(state.redacted)
        redactions.update(feedback.redacted)
        for kind, count in sorted(redactions.items()):
            redacted.add_metric([kind], count)
        yield redacted
        put = HistogramMetricFamily("flow_store_put_seconds", "Time of a PUT to the store.", unit="seconds")
        put.add_metric([], _cumulative(state.put_seconds), state.put_seconds.sum)
        yield put
        used = GaugeMetricFamily("flow_spool_bytes", "Bytes in the spool's directory.", unit="bytes")
        used.add_metric([], used_bytes(self._directory))
        yield used
        oldest = GaugeMetricFamily(
            "flow_spool_oldest_seconds",
            "Age of the oldest sealed segment that is not stored; 0 while there is none.",
            unit="seconds",
        )
        since = waiting_since(self._directory)
        oldest.add_metric([], max(0.0, time.time() - since.timestamp()) if since else 0.0)
        yield oldest
        last = GaugeMetricFamily(
            "flow_store_last_put_timestamp_seconds",
            "When records last arrived in the store; NaN before.",
            unit="seconds",
        )
        last.add_metric([], state.last_stored.timestamp() if state.last_stored else math.nan)
        yield last


def _cumulative(put: PutSeconds) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip((*map(str, put.buckets), "+Inf"), put.counts, strict=False):
        total += count
        buckets.append((bound, float(total)))
    return buckets
