"""flowop records: what a deployment was asked and what it answered, from the store."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flow_runtime.cli.record_screen import REFRESH, RecordScreen
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.cli.span import span_of
from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.reading.feedback import FeedbackBox
from flow_runtime.reading.places import find_deployments
from flow_runtime.reading.reader import Reader, Span
from flow_runtime.reading.rows import Row, Value
from flow_runtime.store import Store, StoreError
from flow_runtime.store.address import Address
from flow_runtime.store.keys import is_plain

FINE, FAILED, INTERRUPTED, PARTIAL = 0, 1, 130, 3
FEEDBACK_LATER = timedelta(days=1)
"""Feedback on an answer is looked for until so long after the span."""


def records(options: argparse.Namespace, screen: Screen) -> int:
    """Show records: 0; 1 when the store fails, 3 when something of it is missing. Raises Problem."""
    before = signal.signal(signal.SIGINT, _interrupted)
    span = span_of(options.since, options.until, datetime.now(UTC))
    shown = RecordScreen(sys.stdout, sys.stderr, options.json)
    try:
        address = Address.parse(options.store)
        if address.scheme == "file" and not Path("/", address.prefix).is_dir():
            raise Problem(f"--store {options.store}: there is no such folder")
        return asyncio.run(_records(options, span, screen, shown))
    except StoreError as error:
        shown.clear()
        screen.failed(error.reason, str(error))
        return FAILED
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupted(*_: object) -> None:
    """End at once, though a thread may wait for a store that hangs: there is nothing to put in order."""
    with contextlib.suppress(OSError, RuntimeError):
        sys.stdout.flush()
    os._exit(INTERRUPTED)


async def _records(options: argparse.Namespace, span: Span, screen: Screen, shown: RecordScreen) -> int:
    store, deployments = await _open(options)
    box = await _feedback(store, deployments, span, shown)
    reader = Reader(store, deployments, span, Record, shown.tell, shown.progress)
    count = 0
    shown.begin(several=len(deployments) > 1)
    async with _told(reader, shown) as rows:
        async for row in rows:
            said = box.of(row.value)
            if options.failed and row.value.error is None and row.value.status < 400:
                continue
            if count == options.limit:
                break
            count += 1
            shown.record(row, said)
        else:
            _missing(reader, box, shown, several=len(deployments) > 1)
            if not options.failed:
                for each in box.alone():
                    if span.holds(each.time):
                        shown.alone(each)
    shown.clear()
    if not count:
        screen.note(f"no record from {span.start:%Y-%m-%d %H:%M} on that was asked for")
    return PARTIAL if shown.told else FINE


async def _open(options: argparse.Namespace) -> tuple[Store, Sequence[Identity]]:
    """Open the store, and name the deployments that are asked for. Raises Problem, StoreError."""
    named = {
        name: value for name in ("cluster", "namespace", "deployment") if (value := getattr(options, name))
    }
    for name, value in named.items():
        if not is_plain(value):
            raise Problem(f"--{name} {value!r} is no name: letters, digits, '-', '_' and '.' can be in one")
    settings = StoreSettings(url=options.store, secret=options.secret, secret_name=str(options.secret or ""))
    store = Store.open(settings)
    if len(named) == 3:
        return store, (Identity(**named),)
    url, found = await find_deployments(store)
    chosen = [each for each in found if named.items() <= each.model_dump().items()]
    if not chosen:
        there = ", ".join(sorted(f"{each.cluster}/{each.namespace}/{each.deployment}" for each in found)[:10])
        hint = f"there are: {there}" if there else "give the URL that is in collection.store"
        raise Problem(
            f"--store {options.store}: no deployment {' '.join(named.values())} has records: {hint}"
        )
    return Store.open(settings.model_copy(update={"url": url})), chosen


async def _feedback(
    store: Store, deployments: Sequence[Identity], span: Span, shown: RecordScreen
) -> FeedbackBox:
    box = FeedbackBox()
    later = Span(span.start, min(span.end + FEEDBACK_LATER, datetime.now(UTC) + timedelta(hours=1)))
    reader = Reader(store, deployments, later, Feedback, shown.tell, shown.progress)
    async with _told(reader, shown) as rows:
        async for row in rows:
            box.add(row)
    return box


@contextlib.asynccontextmanager
async def _told(reader: Reader[Value], shown: RecordScreen) -> AsyncIterator[AsyncGenerator[Row[Value]]]:
    """Read rows, and meanwhile tell how far it is, also where the store is what is waited for."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(REFRESH)
            shown.progress(reader.progress)

    ticking = asyncio.create_task(tick())
    try:
        async with contextlib.aclosing(reader.rows()) as rows:
            yield rows
    finally:
        ticking.cancel()


def _missing(reader: Reader[Record], box: FeedbackBox, shown: RecordScreen, *, several: bool) -> None:
    for gap in reader.gaps:
        shown.tell(f"{gap.prefix}, {gap}" if several else str(gap))
    if box.left_out:
        shown.tell(f"{box.left_out} rows of feedback are too many to be joined: ask for a shorter time")
