"""A flow's folder as it is packaged: a copy with everything that `additional_includes` names.

Runtimes expect the includes inside of the folder, as promptflow's does: only packaging resolves them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flow_runtime.cli.screen import Problem
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.read import DAG_FILES, FLEX_FILES
from flow_runtime.flow.source import check_size
from flow_runtime.flow.yaml12 import peek

DEFINITIONS = (*DAG_FILES, *FLEX_FILES)
PROMPTY = ".prompty"
LEFT_OUT = (
    ".git",
    ".venv",
    "venv",
    "__pycache__",
    ".promptflow",
    ".runs",
    ".mypy_cache",
    ".ruff_cache",
    "*.pyc",
)


def flow_name(flow: Path) -> str:
    """Name a flow as promptflow does: by its folder. Raises Problem."""
    try:
        path = flow.resolve()
        return path.name if path.is_dir() else path.parent.name
    except (OSError, ValueError, RuntimeError) as error:  # a name that no file can have, links in a circle
        raise Problem(f"{str(flow)[:200]} cannot be read: {error.args[-1]}") from None


@contextmanager
def packaged(flow: Path, findings: Findings | None = None) -> Iterator[Path]:
    """Package a flow into a folder of its name that lasts as long as the block.

    Raises Problem and InvalidSource; with `findings`, includes that cannot be taken are kept there.
    """
    with TemporaryDirectory(prefix="flowop-", ignore_cleanup_errors=True) as temporary:
        target = Path(temporary, flow_name(flow) or "flow")
        package(flow, target, findings)
        yield target


def package(flow: Path, target: Path, findings: Findings | None = None) -> None:
    """Copy a flow and its includes into a folder that is not there yet, as large as a pod takes it.

    Raises Problem and InvalidSource; with `findings`, includes that cannot be taken are kept there.
    """
    if not flow.exists():
        raise Problem(f"there is no {flow}: give the folder of a flow")
    is_file = not flow.is_dir()
    folder = flow.parent if is_file else flow
    if is_file:
        _check_definition(flow.name)
    kept, copied = Findings() if findings is None else findings, _Copied()
    try:
        shutil.copytree(folder, target, ignore=_left_out(target.resolve().parent), copy_function=copied.copy)
        if is_file:
            _keep_only(target, flow.name)
        for number, include in enumerate(_includes(target)):
            with kept.keep(at=("additional_includes", number)):
                _include(folder.resolve(), include, target, copied)
    except shutil.Error as error:
        raise Problem(f"{folder} cannot be copied: {error.args[0][0][2]}") from None
    except OSError as error:
        raise Problem(f"{folder} cannot be copied: {error.strerror or error}") from None
    if findings is None:
        kept.settle()


class _Copied:
    """Copies files as long as a pod would take them all."""

    def __init__(self) -> None:
        self._files = self._bytes = 0

    def copy(self, source: str, target: str) -> None:
        """Copy one file. Raises InvalidSource, OSError."""
        path = Path(source)
        if not path.is_file():  # a pipe would be waited for: a pod leaves it out, too
            return
        self._files, self._bytes = self._files + 1, self._bytes + path.stat().st_size
        check_size(self._files, self._bytes, "folder")
        shutil.copyfile(source, target)


def _left_out(own: Path) -> Any:
    """Leave out what no flow is made of, the folder that is being written, links back up and to nothing."""
    patterns = shutil.ignore_patterns(*LEFT_OUT)

    def ignore(folder: str, names: list[str]) -> set[str]:
        here = Path(os.path.realpath(folder))
        real = {name: Path(os.path.realpath(here / name)) for name in names}
        inside = {
            name
            for name, path in real.items()
            if path == own or here.is_relative_to(path) or not os.path.exists(here / name)  # noqa: PTH110 - Path's raises
        }
        return set(patterns(folder, names)) | inside

    return ignore


def _check_definition(name: str) -> None:
    if name not in DEFINITIONS and not name.endswith(PROMPTY):
        raise Problem(f"{name} is no flow: give its folder, {', '.join(DEFINITIONS)} or a {PROMPTY} file")


def _keep_only(target: Path, name: str) -> None:
    """Leave the named definition alone in the folder: a folder with several is ambiguous."""
    others = [target / each for each in DEFINITIONS]
    if name.endswith(PROMPTY):
        others += target.glob(f"*{PROMPTY}")
    for other in others:
        if other.name != name:
            other.unlink(missing_ok=True)


def _includes(target: Path) -> list[str]:
    """Read the includes and nothing else; a definition that cannot be read is the loader's to refuse."""
    for name in DEFINITIONS:
        if (target / name).is_file():
            found = peek((target / name).read_bytes()).get("additional_includes")
            return [str(include) for include in found] if isinstance(found, list) else []
    return []


def _include(folder: Path, include: str, target: Path, copied: _Copied) -> None:
    try:
        source = (folder / include).resolve()
        there = source.exists()
    except (OSError, ValueError):  # a name that no file can have
        source, there = folder, False
    if not there:
        raise InvalidSource(f"additional_includes: '{include}' is not there, seen from the flow's folder")
    if source == folder or folder.is_relative_to(source):
        raise InvalidSource(
            f"additional_includes: '{include}' holds the flow itself: name what is needed of it"
        )
    copy = target / source.name
    if source.is_dir():
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(source, copy, dirs_exist_ok=True, ignore=ignored, copy_function=copied.copy)
    else:
        copied.copy(str(source), str(copy))
