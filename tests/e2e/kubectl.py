"""The real kubectl against the real cluster, in one namespace: bounded calls, failures in its own words."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]


class KubectlError(AssertionError):
    """kubectl said no; the message is what it said."""


def program() -> str:
    """The kubectl of the venv (any release of the last year will do), else one on PATH."""
    found = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, "no kubectl: make venv"
    return found


class Kubectl:
    """kubectl --namespace NAMESPACE."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.command = [program(), f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"]

    def within(self, namespace: str) -> "Kubectl":
        """The same cluster, another namespace."""
        return Kubectl(self.kubeconfig, namespace)

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Run, and return what it printed. Raises KubectlError with what it complained of."""
        done = subprocess.run(
            [*self.command, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    @contextmanager
    def running(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """Run a command beside the body; it is killed at the end of it."""
        with subprocess.Popen(
            [*self.command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects, server-side, as a person would."""
        bundle = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(bundle))

    def get(self, kind: str, name: str) -> Manifest | None:
        """One object, or None when there is none."""
        text = self("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, selector: str = "") -> list[Manifest]:
        """All objects of a kind that have these labels."""
        found: list[Manifest] = json.loads(self("get", kind, "-l", selector, "-o", "json"))["items"]
        return found
