"""What a listing tells of objects without fetching them, and their removal. Blocks.

What obstore raises comes out as it is.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import obstore
from obstore.store import LocalStore, ObjectStore

if TYPE_CHECKING:
    from obstore import ObjectMeta

DELETE_LIMIT = 1000
"""Objects that one request of S3 may delete."""


class Entry(NamedTuple):
    """An object as it is listed."""

    key: str
    modified: datetime
    """By the store's own clock, in UTC."""
    linked: bool = False
    """A file that a symbolic link leads to: it is, or may be, another object than its name says."""


def next_page(objects: ObjectStore, pages: Iterator[Sequence["ObjectMeta"]]) -> list[Entry]:
    """Take the next part of a listing; empty at its end."""
    return [_entry(objects, each) for each in next(pages, ())]


def delete_all(objects: ObjectStore, keys: Sequence[str]) -> None:
    """Delete objects; one that is gone already is as good as deleted."""
    if (root := _root(objects)) is not None:
        for key in keys:
            _remove_unfinished(root / key)
    try:
        obstore.delete(objects, keys)
    except FileNotFoundError:
        # What says so of one of them may have left the others.
        for key in keys:
            with contextlib.suppress(FileNotFoundError):
                obstore.delete(objects, key)


def _remove_unfinished(path: Path) -> None:
    """Remove what killed writers left of an object: `<name>#1`, `#2`, ..., which no listing shows."""
    with contextlib.suppress(FileNotFoundError):
        for number in count(1):
            path.with_name(f"{path.name}#{number}").unlink()


def _entry(objects: ObjectStore, found: "ObjectMeta") -> Entry:
    return Entry(found["path"], found["last_modified"].astimezone(UTC), _linked(objects, found["path"]))


def _linked(objects: ObjectStore, key: str) -> bool:
    """Whether an object is a file that only a symbolic link leads to: a listing follows links."""
    root = _root(objects)
    return root is not None and os.path.realpath(root / key) != str(root / key)


def _root(objects: ObjectStore) -> Path | None:
    """Where a store that is a folder begins."""
    if not isinstance(objects, LocalStore) or objects.prefix is None:
        return None
    return Path(os.path.realpath(objects.prefix))
