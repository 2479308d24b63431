"""From where a flow is mounted to a folder of its own: plain files, or one flow.tar.gz taken with care."""

import os
import shutil
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.read import DAG_FILES, FLEX_FILES

ARCHIVE = "flow.tar.gz"
MAX_BYTES = 64 * 1024 * 1024
MAX_FILES = 2_000


def unpack(source: Path, target: Path) -> Path:
    """Copy or unpack a flow into an emptied folder; returns the folder that holds the flow.

    A folder may be a ConfigMap's mount, whose files are links into `..data`. Raises InvalidSource.
    """
    try:
        empty(target)
        archive = source / ARCHIVE if source.is_dir() else source
        if archive.is_file():
            _extract(archive, target)
            return _top(target)
        if not source.is_dir():
            raise InvalidSource("there is no flow: its ConfigMap is missing or not mounted yet")
        _copy(source, target)
        return target
    except OSError as error:
        raise InvalidSource(f"the flow's files cannot be read: {error.strerror or error}") from error


def enter(directory: Path) -> None:
    """Make the flow's folder the one that its code finds files and modules in, as promptflow does."""
    os.chdir(directory)
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def check_size(files: int, size: int, what: str) -> None:
    """Refuse a flow of more than 64 MiB or 2,000 files. Raises InvalidSource."""
    if size > MAX_BYTES:
        raise InvalidSource(f"the flow's {what} holds more than {MAX_BYTES // 1024 // 1024} MiB")
    if files > MAX_FILES:
        raise InvalidSource(f"the flow's {what} holds more than {MAX_FILES} files")


def empty(target: Path) -> None:
    """Make a folder, or take away all that is in it."""
    target.mkdir(parents=True, exist_ok=True)
    for path in target.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _copy(source: Path, target: Path) -> None:
    files = [path for path in _walk(source) if path.is_file()]
    check_size(len(files), sum(path.stat().st_size for path in files), "folder")
    inside = source.resolve()
    for path in files:
        if not path.resolve().is_relative_to(inside):
            raise InvalidSource(f"{path.relative_to(source)} is a link out of the flow's folder")
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _walk(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("..") or path.name in ("__pycache__", ".git"):
            continue
        if path.is_dir():
            yield from _walk(path) if not path.is_symlink() else ()
        else:
            yield path


def _extract(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members, total = [], 0
            for member in tar:  # one by one, so that a bomb is refused before it is all read
                members.append(member)
                total += member.size
                check_size(len(members), total, ARCHIVE)
            written = 0
            for member in members:
                written += _take(tar, member, target)
                check_size(len(members), written, ARCHIVE)  # again, since a link has no size of its own
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InvalidSource(f"{ARCHIVE} cannot be unpacked: {type(error).__name__}: {error}") from error


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> int:
    """Write one file or folder and return its size. A link becomes a copy of the file it means.

    By hand: tarfile's own filter came with 3.11.4, and Debian 12 has 3.11.2.
    """
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidSource(f"{ARCHIVE} names a file outside of the flow: {member.name!r}")
    if member.isdir():
        (target / path).mkdir(parents=True, exist_ok=True)
        return 0
    try:
        # Of a link this is the member of the same archive that it leads to; no link is ever followed on disk.
        content = tar.extractfile(member)
    except (KeyError, RecursionError):
        raise InvalidSource(f"{ARCHIVE} holds a link that leads out of the flow: {member.name!r}") from None
    if content is None:
        raise InvalidSource(f"{ARCHIVE} holds something that is neither a file nor a folder: {member.name!r}")
    (target / path).parent.mkdir(parents=True, exist_ok=True)
    with content, (target / path).open("wb") as file:
        shutil.copyfileobj(content, file)
        return file.tell()


def _top(target: Path) -> Path:
    """The flow may lie in the archive's one folder, as `tar czf flow.tar.gz my-flow` makes it."""
    if any((target / name).is_file() for name in (*DAG_FILES, *FLEX_FILES)):
        return target
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target
