"""What is judged: distinct material, with the records that share it, and what became of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flow_runtime.contracts.judgement import Judgement, Outcome
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Mapping
from flow_runtime.evaluator.judge import Subject
from flow_runtime.evaluator.mapping import Material, material_of, missing
from flow_runtime.evaluator.verdict import Tally

Judged = dict[tuple[str, str], Judgement]
"""Judgements by record id and metric."""


@dataclass(frozen=True)
class Case:
    """Records with the same question, answer and context: judged once, counted once."""

    records: tuple[Record, ...]
    material: Material

    @property
    def id(self) -> str:
        """The id of the first of its records."""
        return self.records[0].id

    def subject(self, mapping: Mapping) -> Subject:
        """Make it what a judge is asked about."""
        sections = {
            "QUESTION": self.material.prompt,
            "ANSWER": self.material.completion,
            "CONTEXT": self.material.context,
        }
        paths = {"QUESTION": mapping.prompt, "ANSWER": mapping.completion, "CONTEXT": mapping.context}
        first = self.records[0]
        why = {
            name: missing(first, paths[name]) if paths[name] else "the monitor maps no context"
            for name, text in sections.items()
            if text is None
        }
        return Subject(self.id, sections, why)


def cases_of(records: Iterable[Record], mapping: Mapping) -> list[Case]:
    """Group records by material, ordered by its digest: a part of them is no biased part."""
    groups: dict[str, tuple[Material, list[Record]]] = {}
    for record in records:
        material = material_of(record, mapping)
        groups.setdefault(material.digest, (material, []))[1].append(record)
    return [
        Case(tuple(group), material) for _, (material, group) in sorted(groups.items(), key=lambda x: x[0])
    ]


def tally(cases: Sequence[Case], metric: str, judged: Judged, *, by_traffic: bool = False) -> Tally:
    """Count the outcomes of one metric, each case once or, by traffic, once for each of its records."""
    counts: Counter[Outcome] = Counter()
    for case in cases:
        counts[judged[case.id, metric].outcome] += len(case.records) if by_traffic else 1
    return Tally(
        passed=counts[Outcome.PASSED],
        failed=counts[Outcome.FAILED],
        errors=counts[Outcome.ERROR],
        not_evaluable=counts[Outcome.NOT_EVALUABLE],
        skipped=counts[Outcome.SKIPPED],
    )


def by_revision(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Sort cases by the revisions that gave these answers; one may stand in several."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        for revision in sorted({record.revision for record in case.records}):
            found.setdefault(revision, []).append(case)
    return dict(sorted(found.items()))
