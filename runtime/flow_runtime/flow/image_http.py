"""Fetches images by URL, from public addresses only: a caller must not reach what only the pod can reach.

Each address is checked when it is connected to, so that a name that changes its address gains nothing.
"""

import asyncio
import ipaddress
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from flow_runtime.flow.errors import InvalidImageInput

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 20.0
MAX_REDIRECTS = 3
AZURE_WIRE_SERVER = ipaddress.ip_address("168.63.129.16")
"""A public address that answers inside of Azure's networks only (Azure's documentation of it)."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class HTTPImages:
    """Fetches images over HTTP."""

    def __init__(self, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def fetch(self, url: str, deadline: float) -> bytes:
        """Give the content of a URL. Raises InvalidImageInput."""
        left = deadline - asyncio.get_running_loop().time()
        timeout = aiohttp.ClientTimeout(total=max(0.001, min(MAX_SECONDS, left)))
        connector = aiohttp.TCPConnector(resolver=None if self._allow_private else PublicResolver())
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                return await self._follow(session, URL(url))
        except TimeoutError:
            raise InvalidImageInput("an image's URL does not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise InvalidImageInput(f"an image's URL cannot be fetched: {type(error).__name__}") from None

    async def _follow(self, session: aiohttp.ClientSession, url: URL) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            async with session.get(url, allow_redirects=False) as response:
                if response.status == 200:
                    return await _content(response)
                if response.status not in (301, 302, 303, 307, 308) or "location" not in response.headers:
                    raise InvalidImageInput(f"an image's URL answers {response.status}")
                url = url.join(URL(response.headers["location"]))
        raise InvalidImageInput(f"an image's URL redirects more than {MAX_REDIRECTS} times")

    def _check(self, url: URL) -> None:
        """Refuse what the resolver is not asked for."""
        if url.scheme not in ("http", "https") or not url.host:
            raise InvalidImageInput("an image's URL must begin with https:// or http:// and name a host")
        if not self._allow_private:
            try:
                address = ipaddress.ip_address(url.host)
            except ValueError:
                return  # a name: the resolver looks at its addresses
            _require_public(address)


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that have any address that is not public."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve. Raises InvalidImageInput."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            _require_public(ipaddress.ip_address(each["host"].partition("%")[0]))
        return found

    async def close(self) -> None:
        """Nothing is held open."""


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Say whether an address is one of the public Internet, also where it holds another one inside."""
    inner: Any = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and address != AZURE_WIRE_SERVER


def _require_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not is_public(address):
        raise InvalidImageInput("an image's URL leads to an address that is not public, which is not allowed")


async def _content(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(65536):
        size += len(part)
        if size > MAX_BYTES:
            raise InvalidImageInput(f"an image's URL gives more than {MAX_BYTES // 1024 // 1024} MiB")
        parts.append(part)
    return b"".join(parts)
