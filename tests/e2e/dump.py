"""Writes down what a failed test leaves behind: objects, Events and logs, in .cache/e2e/<test>/."""

import contextlib
import re
import subprocess
from pathlib import Path

from tests.e2e.kubectl import Kubectl, KubectlError

KINDS = "fd,fm,deployments,replicasets,pods,services,endpointslices,pdb,cronjobs,jobs,configmaps"


def dump(folder: Path, test: str, kubectls: list[Kubectl]) -> Path:
    """Write everything that can be had; never fails."""
    target = folder / re.sub(r"[^A-Za-z0-9]+", "_", test)[-100:]
    target.mkdir(parents=True, exist_ok=True)
    for kubectl in kubectls:
        for name, command in {
            "overview.txt": ("get", f"{KINDS},events", "-o", "wide"),
            "resources.yaml": ("get", "fd,fm,pods,jobs", "-o", "yaml"),
            "events.txt": ("get", "events", "--sort-by=.metadata.creationTimestamp"),
        }.items():
            _write(target / f"{kubectl.namespace}-{name}", kubectl, *command)
        with contextlib.suppress(KubectlError, subprocess.TimeoutExpired):
            for pod in kubectl.list("pods"):
                name = pod["metadata"]["name"]
                log = target / f"{kubectl.namespace}-{name}.log"
                _write(log, kubectl, "logs", name, "--all-containers", "--prefix", "--tail=400")
    return target


def _write(path: Path, kubectl: Kubectl, *command: str) -> None:
    try:
        path.write_text(kubectl(*command, timeout=20))
    except (KubectlError, subprocess.TimeoutExpired) as error:
        path.write_text(str(error))
