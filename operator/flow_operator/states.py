"""Asks serving pods why they are ready or not: GET :9090/state by pod IP, and nothing else, nowhere else.

Whatever answers there runs a user's code, so the answer is hostile: no redirect is followed, no more than
16 KiB are read, two seconds are all it gets.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from typing import Self

import aiohttp
from pydantic import ValidationError

from flow_operator.status.pods import Pod
from flow_runtime.contracts.base import METRICS_PORT, STATE_LIMIT
from flow_runtime.contracts.state import PodState

DEADLINE_SECONDS = 2.0
AT_ONCE = 20


class States:
    """A client for the state of pods. Use as an async context manager."""

    def __init__(self, port: int = METRICS_PORT) -> None:
        self._port = port
        self._session: aiohttp.ClientSession | None = None
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=DEADLINE_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, pods: Iterable[Pod]) -> tuple[Pod, ...]:
        """Return the pods, each with its state where it could be asked."""
        return tuple(await asyncio.gather(*map(self._ask, pods)))

    async def _ask(self, pod: Pod) -> Pod:
        if not pod.address or self._session is None:
            return pod
        try:
            address = ip_address(pod.address)
            host = f"[{address}]" if address.version == 6 else str(address)
            async with (
                self._limit,
                self._session.get(f"http://{host}:{self._port}/state", allow_redirects=False) as response,
            ):
                content = await response.content.read(STATE_LIMIT + 1) if response.status == 200 else b""
                while 0 < len(content) <= STATE_LIMIT and (more := await response.content.read(STATE_LIMIT)):
                    content += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return pod
        return pod if len(content) > STATE_LIMIT else _with_state(pod, content)


def _with_state(pod: Pod, content: bytes) -> Pod:
    try:
        return replace(pod, state=PodState.model_validate_json(content))
    except ValidationError:
        return pod
