"""What the collector's process does: read settings, collect, drain.

Runs beside the server until SIGTERM or SIGINT, stores what is left, and ends with 0, or with 1 when it could
not store all of it in time: then the termination message says how much was left. Its settings are the
server's; `POD_UID` names the pod in the store (default: the host's name).
"""

import asyncio
import os
import re
import signal
import socket
import tempfile
from pathlib import Path

from pydantic import ValidationError

from flow_runtime.collector.last_words import LastWords
from flow_runtime.collector.lives import name_in_store
from flow_runtime.collector.loop import Collector
from flow_runtime.collector.redact.policy import load_policy
from flow_runtime.contracts.base import DRAIN_SECONDS
from flow_runtime.contracts.settings import CollectionSettings, ServerSettings
from flow_runtime.logs import log
from flow_runtime.store import Store
from flow_runtime.store.keys import feedback_key, segment_key

MARGIN_SECONDS = 1.0
"""To end by itself before the kubelet's SIGKILL."""


def drain_seconds(settings: ServerSettings) -> float:
    """The most that is left of the grace period when the server has ended, as it did not use up its own.

    When it did, the SIGKILL comes earlier; DRAIN_SECONDS are left of it at any rate.
    """
    return settings.request_timeout_seconds + DRAIN_SECONDS - MARGIN_SECONDS


async def collect(settings: ServerSettings, collection: CollectionSettings) -> bool:
    """Collect until a signal, then drain; tells whether all was stored."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))  # as __main__ began
    uid = re.sub(r"[^A-Za-z0-9._-]", "-", os.environ.get("POD_UID") or socket.gethostname())
    pod = name_in_store(uid, collection.spool.directory, Path(tempfile.gettempdir()))
    last_words = LastWords(collection.spool.directory, collection.spool.feedback.directory)
    both = (
        Collector(
            spool.directory,
            settings.identity,
            pod,
            lambda: Store.open(collection.store),
            lambda: load_policy(collection),
            log,
            key,
            last_words,
        )
        for spool, key in ((collection.spool, segment_key), (collection.spool.feedback, feedback_key))
    )
    log("info", "collecting", spool=str(collection.spool.directory), store=collection.store.url, pod=pod)
    return all(await asyncio.gather(*(each.run(stop, drain_seconds(settings)) for each in both)))


def main(arguments: list[str]) -> int:
    """Read the settings and collect. 2 when there is nothing to collect with."""
    if len(arguments) != 1:
        log("error", "usage: python -m flow_runtime.collector SETTINGS")
        return 2
    try:
        settings = ServerSettings.model_validate_json(Path(arguments[0]).read_bytes())
    except (OSError, ValidationError) as error:
        log("error", f"the settings {arguments[0]} cannot be read", cause=str(error)[:500])
        return 2
    if settings.collection is None:
        log("error", f"the settings {arguments[0]} have no collection: nothing to do")
        return 2
    try:
        settings.collection.spool.feedback.directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log("error", "the spool's directory cannot be made", cause=str(error))
        return 2
    with asyncio.Runner() as runner:
        if not runner.run(collect(settings, settings.collection)):
            # At once: a thread that waits for a store which hangs would keep the process from ending.
            os._exit(1)
    return 0
