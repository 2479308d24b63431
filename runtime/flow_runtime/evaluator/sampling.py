"""Gets a run's records from the store: lists, draws, fetches only what was drawn, keeps the plan."""

import asyncio
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import EvaluatorSettings, settings_json
from flow_runtime.evaluator.plan import Plan, PlannedObject, Row, draw, grouped, rounds
from flow_runtime.evaluator.window import Window
from flow_runtime.store import ObjectMissingError, Store
from flow_runtime.store.gaps import gaps
from flow_runtime.store.keys import evaluation_key, parse_segment_key, window_prefixes

PARALLEL_FETCHES = 8


@dataclass(frozen=True)
class Sample:
    """The plan and its records, in the order of the plan."""

    plan: Plan
    records: tuple[Record, ...]


async def take_sample(store: Store, settings: EvaluatorSettings, run: str, window: Window) -> Sample:
    """Follow the plan of an earlier attempt of this run, else make one and store it. StoreError."""
    key = evaluation_key(settings.identity, settings.monitor, run, "plan.json")
    plan = await _stored_plan(store, key)
    if plan is not None:
        return await _follow(store, plan)
    sample = await _draw_sample(store, settings, run, window)
    if await store.put_if_absent(key, settings_json(sample.plan).encode()):
        return sample
    plan = await _stored_plan(store, key)
    return sample if plan is None else await _follow(store, plan)


def eligible(record: Record, window: Window) -> bool:
    """Whether a record may stand for the traffic: answered, kept by the rate alone, of the window."""
    answered = record.error is None and record.outputs is not None
    return answered and record.sampled.why == "rate" and window.holds(record.time)


async def _stored_plan(store: Store, key: str) -> Plan | None:
    try:
        return Plan.model_validate_json(await store.get(key))
    except (ObjectMissingError, ValidationError):
        return None


async def _follow(store: Store, plan: Plan) -> Sample:
    found = await _fetch(store, plan.sample)
    rows = [(each.key, number) for each in plan.sample for number in each.rows]
    return Sample(plan, tuple(record for row in rows if (record := found.get(row)) is not None))


async def _draw_sample(store: Store, settings: EvaluatorSettings, run: str, window: Window) -> Sample:
    names = [
        name
        for prefix in window_prefixes(settings.identity, window.start, window.listed_until)
        for name in await store.list(prefix)
    ]
    objects = [key for name in names if (key := parse_segment_key(name)) is not None]
    taken: dict[Row, Record] = {}
    passed_over = unreadable = 0
    for rows in rounds(draw(objects, settings.max_records, settings.seed), settings.max_records):
        found = await _fetch(store, grouped(rows))
        for row in rows:
            record = found.get(row)
            if len(taken) == settings.max_records:
                break
            if record is None:
                unreadable += 1
            elif eligible(record, window):
                taken[row] = record
            else:
                passed_over += 1
        if len(taken) == settings.max_records:
            break
    plan = Plan(
        run=run,
        window_start=window.start,
        window_end=window.end,
        seed=settings.seed,
        records=sum(each.rows for each in objects),
        passed_over=passed_over,
        unreadable=unreadable,
        missing_segments=sum(gap.segments for gap in gaps(objects)),
        sample=grouped(taken),
    )
    return Sample(plan, tuple(taken[row] for row in sorted(taken)))


async def _fetch(store: Store, objects: Iterable[PlannedObject]) -> dict[Row, Record]:
    """Fetch each object once and keep only the rows asked for."""
    turn = asyncio.Semaphore(PARALLEL_FETCHES)

    async def fetch(wanted: PlannedObject) -> dict[Row, Record]:
        async with turn:
            try:
                data = await store.get(wanted.key)
            except ObjectMissingError:
                return {}
        return await asyncio.to_thread(_rows, data, wanted)

    parts = await asyncio.gather(*(fetch(each) for each in objects))
    return {row: record for part in parts for row, record in part.items()}


def _rows(data: bytes, wanted: PlannedObject) -> dict[Row, Record]:
    try:
        lines = gzip.decompress(data).split(b"\n")
    except (OSError, EOFError, zlib.error):
        return {}
    numbers = (number for number in wanted.rows if number < len(lines))
    parsed = ((number, _record(lines[number])) for number in numbers)
    return {(wanted.key, number): record for number, record in parsed if record is not None}


def _record(line: bytes) -> Record | None:
    try:
        return Record.model_validate_json(line)
    except ValidationError:
        return None
