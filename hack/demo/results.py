"""Read back what a run left in the store: objects, records, the report. Judges nothing."""

import gzip
from collections import Counter
from dataclasses import dataclass

from flow_runtime.contracts.judgement import Outcome
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity
from flow_runtime.evaluator.report import Report, ReportRow
from flow_runtime.store import Store
from flow_runtime.store.keys import deployment_prefix, evaluation_key, parse_segment_key


@dataclass(frozen=True)
class Results:
    """What is in the store about one deployment and one of its runs."""

    objects: tuple[str, ...]
    records: tuple[Record, ...]
    report: Report
    html: bytes

    def worst(self, count: int = 3) -> list[ReportRow]:
        """The worst rows that failed anything, in the report's order."""
        failed = [r for r in self.report.rows if any(j.outcome is Outcome.FAILED for j in r.judgements)]
        return failed[:count]

    def about(self, question: str) -> ReportRow | None:
        """The judged row of one question."""
        return next((row for row in self.report.rows if row.question == question), None)

    def by_pod(self) -> dict[str, int]:
        """How many records each pod wrote."""
        return dict(sorted(Counter(r.pod for r in self.records).items()))


async def read_results(store: Store, identity: Identity, monitor: str, run: str) -> Results:
    """Fetch all records of the deployment, and the reports of one run. Raises StoreError."""
    objects = await store.list(deployment_prefix(identity))
    records = []
    for key in objects:
        if parse_segment_key(key):
            lines = gzip.decompress(await store.get(key)).splitlines()
            records += [Record.model_validate_json(line) for line in lines]
    report = Report.model_validate_json(
        await store.get(evaluation_key(identity, monitor, run, "report.json"))
    )
    html = await store.get(evaluation_key(identity, monitor, run, "report.html"))
    return Results(tuple(objects), tuple(records), report, html)


async def records_stored(store: Store, identity: Identity) -> int:
    """Records in the store, by the names of its objects alone. Raises StoreError."""
    keys = [parse_segment_key(key) for key in await store.list(f"{deployment_prefix(identity)}/records")]
    return sum(key.rows for key in keys if key)
