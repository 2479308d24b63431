"""A flow's folder as it is packaged: a copy with everything that `additional_includes` names.

Runtimes expect the includes inside of the folder, as promptflow's does: only packaging resolves them.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from flow_runtime.cli.screen import Problem
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.read import DAG_FILES, FLEX_FILES

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
    """Name a flow as promptflow does: by its folder."""
    path = flow.resolve()
    return path.name if path.is_dir() else path.parent.name


@contextmanager
def packaged(flow: Path) -> Iterator[Path]:
    """Package a flow into a folder of its name that lasts as long as the block.

    Raises Problem and InvalidSource.
    """
    with TemporaryDirectory(prefix="flowop-") as temporary:
        target = Path(temporary, flow_name(flow) or "flow")
        package(flow, target)
        yield target


def package(flow: Path, target: Path) -> None:
    """Copy a flow and its includes into a folder that is not there yet. Raises Problem and InvalidSource."""
    if not flow.exists():
        raise Problem(f"there is no {flow}: give the folder of a flow")
    folder = flow if flow.is_dir() else flow.parent
    try:
        shutil.copytree(folder, target, ignore=_left_out(target.resolve().parent))
        if flow.is_file():
            _keep_only(target, flow.name)
        for include in _includes(target):
            _include(folder.resolve(), include, target)
    except shutil.Error as error:
        raise Problem(f"{folder} cannot be copied: {error.args[0][0][2]}") from None
    except OSError as error:
        raise Problem(f"{folder} cannot be copied: {error.strerror or error}") from None


def _left_out(own: Path) -> Any:
    """Leave out what no flow is made of, and the folder that is being written."""
    patterns = shutil.ignore_patterns(*LEFT_OUT)

    def ignore(folder: str, names: list[str]) -> set[str]:
        inside = {name for name in names if Path(folder, name).resolve() == own}
        return set(patterns(folder, names)) | inside

    return ignore


def _keep_only(target: Path, name: str) -> None:
    """Leave the named definition alone in the folder: a folder with several is ambiguous."""
    if name not in DEFINITIONS and not name.endswith(PROMPTY):
        raise Problem(f"{name} is no flow: give its folder, {', '.join(DEFINITIONS)} or a {PROMPTY} file")
    others = [target / each for each in DEFINITIONS]
    if name.endswith(PROMPTY):
        others += target.glob(f"*{PROMPTY}")
    for other in others:
        if other.name != name:
            other.unlink(missing_ok=True)


def _includes(target: Path) -> list[str]:
    """Read the includes and nothing else; a definition that cannot be read is the loader's to refuse."""
    for name in DEFINITIONS:
        try:
            definition = yaml.safe_load((target / name).read_bytes())
        except (OSError, yaml.YAMLError, ValueError, RecursionError):
            continue
        found = definition.get("additional_includes") if isinstance(definition, dict) else None
        return [str(include) for include in found] if isinstance(found, list) else []
    return []


def _include(folder: Path, include: str, target: Path) -> None:
    source = (folder / include).resolve()
    if not source.exists():
        raise InvalidSource(f"additional_includes: '{include}' is not there, seen from the flow's folder")
    if source == folder or folder.is_relative_to(source):
        raise InvalidSource(
            f"additional_includes: '{include}' holds the flow itself: name what is needed of it"
        )
    copy = target / source.name
    if source.is_dir():
        shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    else:
        shutil.copyfile(source, copy)
