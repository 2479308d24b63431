"""Talks to an object store through obstore: put, put if absent, get, list, delete. Knows not what it stores.

obstore's blocking calls run in threads: its own coroutines are finished by Rust threads, and one that still
runs when the interpreter ends aborts the process (obstore 0.12, Python 3.11: 15 of 150 short programs).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Self, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store.explain import explain
from flow_runtime.store.listing import DELETE_LIMIT, Entry, delete_all, next_page
from flow_runtime.store.local import persist
from flow_runtime.store.opened import REQUEST_SECONDS, Opened
from flow_runtime.store.providers import open_objects, read_credentials

T = TypeVar("T")


class Store:
    """Objects below one URL. Every method raises StoreError and nothing else.

    A Secret that was changed counts from the next request on.
    """

    def __init__(self, settings: StoreSettings, seconds: float) -> None:
        self._settings = settings
        self._seconds = seconds
        self._secret = read_credentials(settings)
        self._opened = open_objects(settings, self._secret, seconds)
        self.url = settings.url.rstrip("/")
        """Without a slash at the end."""

    @classmethod
    def open(cls, settings: StoreSettings, seconds: float = REQUEST_SECONDS) -> Self:
        """Read the credentials as they are now; send nothing. StoreRefusedError names what is wrong.

        A request that is not done after `seconds` is a StoreUnavailableError.
        """
        return cls(settings, seconds)

    async def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing one of that name. It is there whole or not at all."""
        await self._put(key, data, overwrite=True)

    async def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one of that name; tells whether it was written."""
        return await self._put(key, data, overwrite=False)

    async def _put(self, key: str, data: bytes, *, overwrite: bool) -> bool:
        def work(opened: Opened) -> bool:
            try:
                obstore.put(
                    opened.objects,
                    key,
                    data,
                    mode="overwrite" if overwrite else "create",
                    use_multipart=False,
                )
            except AlreadyExistsError:
                return False
            if opened.folder is not None:
                persist(opened.folder, key)
            return True

        return await self._do("put", key, work)

    async def get(self, key: str) -> bytes:
        """Read an object. ObjectMissingError when there is none."""
        return await self._do("get", key, lambda opened: bytes(obstore.get(opened.objects, key).bytes()))

    def copy(self, key: str, write: Callable[[bytes], object]) -> None:
        """Hand an object's bytes over as they arrive. Blocks: for a program that has nothing else to do.

        What `write` raises comes out as it is, unless it is an OSError or ValueError.
        """

        def work(opened: Opened) -> None:
            for chunk in obstore.get(opened.objects, key).stream():
                write(bytes(chunk))

        self._blocking("get", key, work)

    async def list(self, prefix: str) -> list[str]:
        """Names of all objects below a prefix (whole path segments), sorted."""
        return sorted(await self.written(prefix))

    async def written(self, prefix: str) -> dict[str, datetime]:
        """When each object below a prefix was last written, by name."""
        return {each.key: each.modified async for page in self.pages(prefix) for each in page}

    async def folders(self, prefix: str = "") -> tuple[str, ...]:
        """Names of the folders right below a prefix, sorted; none where nothing is."""
        found = await self._do(
            "list", prefix, lambda opened: obstore.list_with_delimiter(opened.objects, prefix or None)
        )
        return tuple(sorted(path.rsplit("/", 1)[-1] for path in found["common_prefixes"]))

    async def pages(self, prefix: str) -> AsyncIterator[Sequence[Entry]]:
        """All objects below a prefix, at most DELETE_LIMIT at a time: never all of them are in memory."""
        pages = await self._do(
            "list", prefix, lambda opened: obstore.list(opened.objects, prefix, chunk_size=DELETE_LIMIT)
        )
        while page := await self._do("list", prefix, lambda opened: next_page(opened.objects, pages)):
            yield page

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete at most DELETE_LIMIT objects; one that is gone already is as good as deleted.

        After a StoreError some of them may be gone.
        """
        await self._do("delete", f"{keys[0]} and others", lambda opened: delete_all(opened.objects, keys))

    async def _do(self, verb: str, key: str, work: Callable[[Opened], T]) -> T:
        return await asyncio.to_thread(self._blocking, verb, key, work)

    def _blocking(self, verb: str, key: str, work: Callable[[Opened], T]) -> T:
        opened = self._current()
        try:
            return work(opened)
        except (BaseError, OSError, ValueError) as error:
            raise explain(verb, key, self._settings, opened, error) from error

    def _current(self) -> Opened:
        """The store by the credentials as they are now."""
        secret = read_credentials(self._settings)
        if secret != self._secret:
            self._opened = open_objects(self._settings, secret, self._seconds)
            self._secret = secret
        return self._opened
