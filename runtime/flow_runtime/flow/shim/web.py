"""HTTP for package tools that ask services which are no LLMs: one request, within the run's deadline."""

from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies

import aiohttp

from flow_runtime.flow.shim import ambient
from flow_runtime.flow.shim.ambient import Ambient

Answer = tuple[int, str]
"""An HTTP status and the text of the body."""


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: str | None = None,
) -> Answer:
    """Send a request from synchronous code. Raises OSError, which does not name the address's parameters."""

    async def send(here: Ambient) -> Answer:
        # No connection is kept: such a tool asks once in a run, and takes much longer than connecting.
        timeout = aiohttp.ClientTimeout(total=None)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=bool(getproxies())) as session,
                session.request(
                    method, url, headers=headers, params=params, data=body, allow_redirects=False
                ) as response,
            ):
                return response.status, await response.text()
        except aiohttp.ClientError as error:
            raise OSError(f"{_host(url)} cannot be reached: {type(error).__name__}") from None

    answer: Any = ambient.wait(send)
    return answer  # type: ignore[no-any-return]


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url
