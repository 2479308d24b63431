"""Tries until the flow is there. A failure is told in state and log, and never ends the process."""

import asyncio
import hashlib
import random
from pathlib import Path

from flow_runtime.contracts.fetch import FetchSettings
from flow_runtime.contracts.state import FETCHING, PodState
from flow_runtime.fetch.archive import fetch_archive
from flow_runtime.fetch.errors import PermanentSourceError, SourceError, SourceUnavailable, clean
from flow_runtime.fetch.git import fetch_git
from flow_runtime.fetch.sink import Say
from flow_runtime.flow.source import ARCHIVE, empty
from flow_runtime.logs import log

SOON_SECONDS, SELDOM_SECONDS = (2.0, 60.0), (15.0, 300.0)
"""First and longest pause after a failure: of one that passes by itself, and of one that does not."""
LOOK_SECONDS = 2.0


class Fetcher:
    """One source, and how it stands with it."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._problem: SourceError | None = None
        if settings.git is not None:
            self._what, self._secret = f"{settings.git.url} at {settings.git.commit}", settings.git.secret
        elif settings.archive is not None:
            store = settings.archive.store
            self._what, self._secret = f"{store.url.rstrip('/')}/{settings.archive.key}", store.secret
        else:
            raise ValueError("neither git nor archive is given")

    def state(self) -> PodState:
        """Say how it stands, for the operator: the same words while nothing changes."""
        reason, message = FETCHING, f"{self._what} is being fetched"
        if self._problem is not None:
            reason, message = self._problem.reason, f"{self._problem}; it is tried again"
        return PodState(revision=self._settings.revision, ready=False, reason=reason, message=message)

    async def run(self) -> None:
        """Return when the flow is in the folder; at once if an earlier process of the pod brought it there.

        It is put there whole and is of the one revision: after a restart of its node a pod needs no source.
        """
        if (self._settings.folder / ARCHIVE).is_file():
            log("info", "the flow is there already", source=self._what)
            return
        failed = 0
        while True:
            try:
                await asyncio.to_thread(self._fetch)
            except SourceError as error:
                failed += 1
                self._problem = error
                pause = _pause(error, failed)
                log("error", str(error), reason=error.reason, tried=failed, next_in_seconds=round(pause))
                await _sleep(pause, self._secret)
            else:
                log("info", "fetched", source=self._what)
                return

    def _fetch(self) -> None:
        say: Say = lambda text: log("info", text, source=self._what)  # noqa: E731
        try:
            empty(self._settings.folder)  # of what a process left that was killed
            if self._settings.git is not None:
                fetch_git(self._settings.git, self._settings.folder, say)
            elif self._settings.archive is not None:
                fetch_archive(self._settings.archive, self._settings.folder, say)
        except OSError as error:
            why = f"the pod's disk: {error.strerror or type(error).__name__}"
            raise SourceUnavailable(clean(why)) from None


def _pause(error: SourceError, failed: int) -> float:
    first, longest = SELDOM_SECONDS if isinstance(error, PermanentSourceError) else SOON_SECONDS
    return min(longest, first * 2.0 ** min(failed - 1, 10)) * random.uniform(0.8, 1.2)


async def _sleep(seconds: float, secret: Path | None, look: float = LOOK_SECONDS) -> None:
    """Sleep, but no longer than until the Secret is another one: that may be the repair."""
    before = fingerprint(secret)
    end = asyncio.get_running_loop().time() + seconds
    while (left := end - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(min(look, left))
        if fingerprint(secret) != before:
            log("info", "the Secret has changed: trying again")
            return


def fingerprint(secret: Path | None) -> str:
    """A digest of a mounted Secret's content; the same for none and for an empty one."""
    digest = hashlib.sha256()
    if secret is not None and secret.is_dir():
        for path in sorted(path for path in secret.iterdir() if path.is_file()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
