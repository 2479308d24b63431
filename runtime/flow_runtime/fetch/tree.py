"""A folder of a git commit as a flow.tar.gz: all is hashed again, since the commit is all we trust."""

import hashlib
import io
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from dulwich.object_store import BaseObjectStore
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from flow_runtime.fetch.errors import SourceDigestMismatch, SourceInvalid, SourceNotFound
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.source import check_size

T = TypeVar("T", bound=ShaFile)
_SUBMODULE = 0o160000
_LFS = b"version https://git-lfs.github.com/spec/v1\n"


def write_archive(store: BaseObjectStore, commit: str, path: str, archive: Path) -> None:
    """Write the folder `path` of a commit. SourceNotFound, SourceInvalid or SourceDigestMismatch."""
    tree = _folder(store, ObjectID(_read(store, ObjectID(commit.encode()), Commit).tree), path, commit)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        count = size = 0
        for info, content in _members(store, tree, ""):
            count, size = count + 1, size + len(content)
            try:
                check_size(count, size, f"commit {commit[:12]}")
            except InvalidSource as error:
                raise SourceInvalid(str(error)) from None
            tar.addfile(info, io.BytesIO(content))


def _folder(store: BaseObjectStore, tree: ObjectID, path: str, commit: str) -> ObjectID:
    for name in filter(None, path.split("/")):
        entries = {entry.path: entry for entry in _read(store, tree, Tree).iteritems()}
        entry = entries.get(name.encode())
        if entry is None or not stat.S_ISDIR(entry.mode):
            raise SourceNotFound(f"commit {commit} has no folder {path!r}: correct spec.flow.git.path")
        tree = ObjectID(entry.sha)
    return tree


def _members(store: BaseObjectStore, tree: ObjectID, above: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Everything below a tree. What a name or a link may be is the unpacker's affair."""
    for entry in _read(store, tree, Tree).iteritems():
        name = above + entry.path.decode("utf-8", "replace")
        info, sha = tarfile.TarInfo(name), ObjectID(entry.sha)
        if entry.mode == _SUBMODULE:
            raise SourceInvalid(
                f"{name} is a submodule, and submodules are not fetched:"
                " keep the flow's files in one repository"
            )
        if stat.S_ISDIR(entry.mode):
            info.type = tarfile.DIRTYPE
            yield info, b""
            yield from _members(store, sha, f"{name}/")
            continue
        content = _read(store, sha, Blob).as_raw_string()
        if stat.S_ISLNK(entry.mode):
            info.type, info.linkname = tarfile.SYMTYPE, content.decode("utf-8", "replace")
            yield info, b""
            continue
        if content.startswith(_LFS):
            raise SourceInvalid(
                f"{name} is a pointer of Git LFS, which is not fetched: commit the file itself,"
                " or pack the flow into an archive (flow.objectStore)"
            )
        info.size = len(content)
        yield info, content


def _read(store: BaseObjectStore, sha: ObjectID, kind: type[T]) -> T:
    try:
        found = store[sha]
    except KeyError:
        raise SourceNotFound(f"the server did not send object {sha.decode()}") from None
    header = b"%s %d\0" % (found.type_name, found.raw_length())
    digest = hashlib.sha1(header + found.as_raw_string(), usedforsecurity=False).hexdigest()
    if digest.encode() != sha or not isinstance(found, kind):
        raise SourceDigestMismatch(f"object {sha.decode()} is not what the server sent under its name")
    return found
