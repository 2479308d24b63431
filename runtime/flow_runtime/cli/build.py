"""flowop build: a folder to build an image of, with the flow inside and its requirements installed."""

import json
import re
import shutil
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from flow_runtime.cli.folder import DEFINITIONS, flow_name, package
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.yaml12 import peek

COMMAND = ["python3", "-m", "flow_runtime.cli.main", "serve", "/flow", "--host=0.0.0.0", "--port=8080"]
BASE = "flow-runtime:dev"
"""As `make images` calls the runtime image."""
MARK = "# Written by flowop build"
REQUIREMENTS = "requirements.txt"
WHEELS, PIP = "wheels", "pip.zip"
_OURS = re.compile(r"promptflow(-core|-tracing|-devkit|-tools|-azure)?\s*(\[|[=<>~!;@ ]|$)", re.IGNORECASE)


def build(flow: Path, output: Path | None, base: str, screen: Screen) -> int:
    """Write the folder: 0; 1 when the flow's includes are not there. Raises Problem."""
    name = flow_name(flow)
    target = output or Path(f"{name}-image")
    _make_way(target)
    try:
        package(flow, target / "flow")
    except InvalidSource as error:
        screen.failed(f"{name}: {error.name}", str(error))
        return 1
    for secret in (target / "flow").rglob(".env"):
        secret.unlink()
        screen.note("left out: .env, since an image is no place for keys: use connections and variables")
    wanted, left_out = requirements(target / "flow")
    if wanted:
        (target / REQUIREMENTS).write_text("\n".join(wanted) + "\n", encoding="utf-8")
        (target / WHEELS).mkdir(exist_ok=True)
        own_pip(target / WHEELS / PIP)
    (target / "Dockerfile").write_text(dockerfile(name, base or BASE, bool(wanted)), encoding="utf-8")
    screen.fine(
        f"{name}: written to {target}",
        f"docker build -t {_tag(name)} {target}",
        f"docker run --rm -p 8080:8080 {_tag(name)}",
    )
    if left_out:
        screen.note(f"  not installed, the runtime has its own: {', '.join(left_out)}")
    return 0


def dockerfile(name: str, base: str, installs: bool) -> str:
    """Write the Dockerfile of a flow, whose packages come after the runtime's and cannot replace those.

    They are installed in a stage of their own, by the pip beside it: the runtime has none, and what pip was
    told of indexes and their passwords stays out of the image.
    """
    label = re.sub(r"[^\w .-]", "?", name)
    lines = [
        f"{MARK}: the flow {label} on the runtime of Flow Operator.",
        f"ARG BASE={base}",
    ]
    if installs:
        lines += [
            "FROM ${BASE} AS packages",
            "USER root",
            "# Wheels in the folder are taken before those of an index. Without a network:",
            "# --network none --build-arg PIP_NO_INDEX=1",
            "ARG PIP_NO_INDEX PIP_INDEX_URL PIP_EXTRA_INDEX_URL",
            f"COPY {WHEELS} /build/{WHEELS}",
            f"COPY {REQUIREMENTS} /build/{REQUIREMENTS}",
            f"RUN PYTHONPATH=/build/{WHEELS}/{PIP} python3 -m pip install --target=/opt/flow-packages"
            f" --no-cache-dir --disable-pip-version-check --root-user-action=ignore"
            f" --find-links=/build/{WHEELS} -r /build/{REQUIREMENTS}",
            "",
        ]
    lines += ["FROM ${BASE}"]
    if installs:
        lines += [
            "COPY --from=packages /opt/flow-packages /opt/flow-packages",
            "ENV PYTHONPATH=/opt/flow:/opt/flow-packages",
        ]
    lines += [
        "COPY flow /flow",
        "# In a cluster the operator names the program: spec.flow.image {reference: …, path: /flow}",
        f"CMD {json.dumps(COMMAND)}",
    ]
    return "\n".join(lines) + "\n"


def requirements(flow: Path) -> tuple[list[str], list[str]]:
    """Read a flow's requirements: those to install, and promptflow's own packages, which are left out."""
    file = flow / _requirements_file(flow)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        return [], []
    except UnicodeDecodeError:
        raise Problem(f"{file.name} is not UTF-8 text") from None
    lines = [line.strip() for line in lines]
    lines = [line for line in lines if line and not line.startswith("#")]
    return [line for line in lines if not _OURS.match(line)], [line for line in lines if _OURS.match(line)]


def own_pip(target: Path) -> None:
    """Zip the pip of this environment, which runs as it is from there. Raises Problem."""
    try:
        files = distribution("pip").files or []
    except PackageNotFoundError:
        files = []
    modules = [file for file in files if file.parts[0] == "pip" and "__pycache__" not in file.parts]
    if not modules:
        raise Problem("the flow's requirements need pip, and this environment has none: python -m ensurepip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for module in modules:
            archive.writestr(zipfile.ZipInfo(module.as_posix()), module.read_binary())


def _requirements_file(flow: Path) -> str:
    for name in DEFINITIONS:
        if not (flow / name).is_file():
            continue
        environment: Any = peek((flow / name).read_bytes()).get("environment")
        file = environment.get("python_requirements_txt") if isinstance(environment, dict) else None
        if isinstance(file, str) and (flow / file).resolve().is_relative_to(flow.resolve()):
            return file
    return REQUIREMENTS


def _make_way(target: Path) -> None:
    """Take away what an earlier build wrote, and nothing else."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        target.mkdir(parents=True, exist_ok=True)
        return
    try:
        ours = (target / "Dockerfile").read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise Problem(f"{target} is there and was not written by flowop build: name another --output")
    shutil.rmtree(target / "flow", ignore_errors=True)
    for written in (REQUIREMENTS, f"{WHEELS}/{PIP}"):
        (target / written).unlink(missing_ok=True)


def _tag(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._") or "flow"
