"""Talks to an object store through obstore: put, put if absent, get, list. Knows not what it stores.

obstore's blocking calls run in threads: its own coroutines are finished by Rust threads, and one that still
runs when the interpreter ends aborts the process (obstore 0.12, Python 3.11: 15 of 150 short programs).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, S3Store

from flow_runtime.contracts.settings import StoreSettings
from flow_runtime.store.listing import DELETE_LIMIT, Entry, delete_all, next_page

_SECRET_KEYS = ("access_key_id", "secret_access_key", "session_token", "endpoint", "region")
_REQUIRED_KEYS = ("access_key_id", "secret_access_key")
_HIDDEN_KEYS = ("secret_access_key", "session_token", "access_key_id")
_REFUSALS = (PermissionDeniedError, UnauthenticatedError, PermissionError, ValueError)
_MESSAGE_LIMIT = 300


class StoreError(Exception):
    """Something about the store: `reason` is a CamelCase word, the text is one clean line without a secret.

    StoreError
    ├── StoreUnavailableError    try again
    ├── ObjectMissingError       there is no such object
    └── StoreRefusedError        will not get better by itself
    """

    reason = "StoreError"


class StoreUnavailableError(StoreError):
    """The store did not answer, or not in time."""

    reason = "StoreUnreachable"


class ObjectMissingError(StoreError):
    """No such object."""

    reason = "ObjectMissing"


class StoreRefusedError(StoreError):
    """Wrong settings or credentials, a bucket or rights that are missing."""

    reason = "StoreRefused"


class Store:
    """Objects below one URL. Every method raises StoreError and nothing else."""

    def __init__(self, objects: ObjectStore, url: str, secrets: tuple[str, ...] = ()) -> None:
        self._objects = objects
        self._secrets = secrets
        self.url = url
        """Without a slash at the end."""

    @classmethod
    def open(cls, settings: StoreSettings) -> Self:
        """Read the credentials as they are now; send nothing. StoreRefusedError names what is wrong."""
        url = settings.url.rstrip("/")
        parts = urlsplit(url)
        if parts.scheme == "file":
            return cls(_local(parts.path), url)
        if parts.scheme != "s3" or not parts.netloc:
            raise StoreRefusedError(
                f"store URL {_line(settings.url)!r}: use s3://bucket/prefix or file:///folder"
            )
        secret = read_secret(settings.secret, settings.secret_name) if settings.secret else {}
        hidden = tuple(secret[key] for key in _HIDDEN_KEYS if key in secret)
        return cls(_s3(parts.netloc, parts.path.strip("/"), secret), url, hidden)

    async def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing one of that name."""
        await self._put(key, data, overwrite=True)

    async def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one of that name; tells whether it was written."""
        return await self._put(key, data, overwrite=False)

    async def _put(self, key: str, data: bytes, *, overwrite: bool) -> bool:
        try:
            await asyncio.to_thread(
                obstore.put,
                self._objects,
                key,
                data,
                mode="overwrite" if overwrite else "create",
                use_multipart=False,
            )
        except AlreadyExistsError:
            return False
        except (BaseError, OSError, ValueError) as error:
            raise self._error("put", key, error) from error
        return True

    async def get(self, key: str) -> bytes:
        """Read an object. ObjectMissingError when there is none."""
        try:
            return await asyncio.to_thread(lambda: bytes(obstore.get(self._objects, key).bytes()))
        except (BaseError, OSError, ValueError) as error:
            raise self._error("get", key, error) from error

    def copy(self, key: str, write: Callable[[bytes], object]) -> None:
        """Hand an object's bytes over as they arrive. Blocks: for a program that has nothing else to do.

        What `write` raises comes out as it is, unless it is an OSError or ValueError.
        """
        try:
            for chunk in obstore.get(self._objects, key).stream():
                write(bytes(chunk))
        except (BaseError, OSError, ValueError) as error:
            raise self._error("get", key, error) from error

    async def list(self, prefix: str) -> list[str]:
        """Names of all objects below a prefix (whole path segments), sorted."""
        return sorted(await self.written(prefix))

    async def written(self, prefix: str) -> dict[str, datetime]:
        """When each object below a prefix was last written, by name."""
        return {each.key: each.modified async for page in self.pages(prefix) for each in page}

    async def folders(self, prefix: str = "") -> tuple[str, ...]:
        """Names of the folders right below a prefix, sorted; none where nothing is."""
        try:
            found = await asyncio.to_thread(obstore.list_with_delimiter, self._objects, prefix or None)
        except (BaseError, OSError, ValueError) as error:
            raise self._error("list", prefix, error) from error
        return tuple(sorted(path.rsplit("/", 1)[-1] for path in found["common_prefixes"]))

    async def pages(self, prefix: str) -> AsyncIterator[Sequence[Entry]]:
        """All objects below a prefix, at most DELETE_LIMIT at a time: never all of them are in memory."""
        pages = obstore.list(self._objects, prefix, chunk_size=DELETE_LIMIT)
        while True:
            try:
                page = await asyncio.to_thread(next_page, self._objects, pages)
            except (BaseError, OSError, ValueError) as error:
                raise self._error("list", prefix, error) from error
            if not page:
                return
            yield page

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete at most DELETE_LIMIT objects; one that is gone already is as good as deleted.

        After a StoreError some of them may be gone.
        """
        try:
            await asyncio.to_thread(delete_all, self._objects, keys)
        except (BaseError, OSError, ValueError) as error:
            raise self._error("delete", f"{keys[0]} and others", error) from error

    def _error(self, verb: str, key: str, error: Exception) -> StoreError:
        text = str(error)
        kind: type[StoreError] = StoreUnavailableError
        if isinstance(error, FileNotFoundError):
            # To put or list below what is not there means that the bucket itself is missing.
            missing = verb == "get" and "NoSuchBucket" not in text
            kind = ObjectMissingError if missing else StoreRefusedError
        elif isinstance(error, _REFUSALS) or "(code: AccessDenied)" in text:  # the code is of one of many
            kind = StoreRefusedError
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return kind(f"cannot {verb} {key or 'what is'} at {self.url}: {_summary(text)}")


def read_secret(folder: Path, name: str = "") -> dict[str, str]:
    """Read a mounted Secret. StoreRefusedError names a required key that is missing or unreadable."""
    secret: dict[str, str] = {}
    called = f"the store's Secret {name}".rstrip()
    for key in _SECRET_KEYS:
        try:
            value = (folder / key).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            value = ""
        except (OSError, UnicodeDecodeError) as error:
            raise StoreRefusedError(f"{called}: key {key!r} is unreadable: {type(error).__name__}") from None
        if value:
            secret[key] = value
        elif key in _REQUIRED_KEYS:
            raise StoreRefusedError(
                f"{called} is missing or has no key {key!r}; its keys: {', '.join(_SECRET_KEYS)}"
            )
    return secret


def _local(path: str) -> LocalStore:
    if not path.startswith("/"):
        raise StoreRefusedError("a file store needs a whole path: file:///folder")
    try:
        return LocalStore(path, mkdir=True, automatic_cleanup=True)
    except (BaseError, OSError, ValueError) as error:
        raise StoreRefusedError(
            f"the folder {path} cannot be used as a store: {_summary(str(error))}"
        ) from error


def _s3(bucket: str, prefix: str, secret: Mapping[str, str]) -> S3Store:
    """Without a Secret the environment speaks (workload identity). An endpoint means path style."""
    endpoint = secret.get("endpoint")
    config = {key: secret[key] for key in _SECRET_KEYS if key in secret}
    if not endpoint:
        config["virtual_hosted_style_request"] = "true"
    try:
        return S3Store(
            bucket,
            prefix=prefix or None,
            config=config,  # type: ignore[arg-type]  # a TypedDict of the very same keys
            client_options={
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=30),
            },
            # The callers retry with what they know (back-off, deadlines); this covers a dropped connection.
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )
    except (BaseError, OSError, ValueError) as error:
        raise StoreRefusedError(f"the S3 store cannot be prepared: {_summary(str(error))}") from error


def _summary(text: str) -> str:
    """Keep what a person can use of an error of obstore: S3's own code and message, else the first lines."""
    found = re.search(r"<Code>([^<]{1,80})</Code>\s*<Message>([^<]{0,200})</Message>", text)
    if found:
        return f"{found[1]}: {_line(found[2])}"
    return _line(text.split("\n\nDebug source", 1)[0])


def _line(text: str) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= _MESSAGE_LIMIT else clean[: _MESSAGE_LIMIT - 1] + "…"
