"""Read back what a run left in the store, by the contracts alone. Judges nothing."""

import gzip
from collections import Counter
from dataclasses import dataclass

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity
from flow_runtime.store import Store
from flow_runtime.store.keys import deployment_prefix, evaluation_key, parse_segment_key

REPORT = "report.html"


@dataclass(frozen=True)
class JudgedRow:
    """One record with all that was said of it."""

    record: Record
    judgements: tuple[Judgement, ...]

    @property
    def question(self) -> str:
        """What the customer asked."""
        return str(self.record.inputs.get("query", ""))

    @property
    def answer(self) -> str:
        """What the customer got."""
        return str((self.record.outputs or {}).get("reply", ""))

    def badness(self) -> tuple[int, int, int]:
        """Order of the worst: most failed metrics, then the lowest score, then the lowest sum."""
        scores = [j.score for j in self.judgements if j.score is not None] or [5]
        failed = sum(j.outcome is Outcome.FAILED for j in self.judgements)
        return (-failed, min(scores), sum(scores))


@dataclass(frozen=True)
class Results:
    """What is in the store about one deployment and one of its runs."""

    objects: tuple[str, ...]
    records: tuple[Record, ...]
    rows: tuple[JudgedRow, ...]

    def worst(self, count: int = 3) -> list[JudgedRow]:
        """The worst rows that failed anything, worst first."""
        failed = [r for r in self.rows if any(j.outcome is Outcome.FAILED for j in r.judgements)]
        return sorted(failed, key=JudgedRow.badness)[:count]

    def about(self, question: str) -> JudgedRow | None:
        """The judged row of one question."""
        return next((r for r in self.rows if r.question == question), None)

    def by_pod(self) -> dict[str, int]:
        """How many records each pod wrote."""
        return dict(sorted(Counter(r.pod for r in self.records).items()))


async def read_results(store: Store, identity: Identity, monitor: str, run: str) -> Results:
    """Fetch all records of the deployment, and the judgements of one run. Raises StoreError."""
    objects = await store.list(deployment_prefix(identity))
    records: dict[str, Record] = {}
    for key in objects:
        if parse_segment_key(key):
            for line in gzip.decompress(await store.get(key)).splitlines():
                record = Record.model_validate_json(line)
                records[record.id] = record
    said: dict[str, list[Judgement]] = {}
    lines = await store.get(evaluation_key(identity, monitor, run, "judgements.jsonl.gz"))
    for line in gzip.decompress(lines).splitlines():
        judgement = Judgement.model_validate_json(line)
        said.setdefault(judgement.record_id, []).append(judgement)
    rows = tuple(JudgedRow(records[i], tuple(js)) for i, js in said.items() if i in records)
    return Results(tuple(objects), tuple(records.values()), rows)
