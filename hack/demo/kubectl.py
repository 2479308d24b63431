"""Run kubectl against the demo's cluster: text in, text or objects out, every call with a deadline."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hack.demo.example import ROOT
from hack.demo.screen import DemoError, Step

Manifest = dict[str, Any]
FIELD_MANAGER = "flow-demo"
CALL_SECONDS = 60.0
POLL_SECONDS = 0.5


class Kubectl:
    """kubectl in one namespace of one cluster."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.namespace = namespace
        self._command = [_program(), "--kubeconfig", str(kubeconfig), "--namespace", namespace]

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = CALL_SECONDS) -> str:
        """Run a command; returns what it printed. Raises DemoError with what it complained about."""
        try:
            done = subprocess.run(
                [*self._command, *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DemoError(f"kubectl {' '.join(arguments[:3])} took more than {timeout:.0f} s") from None
        if done.returncode:
            raise DemoError(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()[:1000]}")
        return done.stdout

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Server-side apply, so that a second run changes only what is different."""
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        self(
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager",
            FIELD_MANAGER,
            "-f",
            "-",
            stdin=listed,
        )

    def get(self, kind: str, name: str) -> Manifest | None:
        """One object, or None."""
        text = self("get", kind, name, "--ignore-not-found", "-o", "json")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, selector: str) -> list[Manifest]:
        """Objects by label."""
        items: list[Manifest] = json.loads(self("get", kind, "-l", selector, "-o", "json"))["items"]
        return items

    @contextlib.contextmanager
    def serving(self, *arguments: str) -> Iterator[int]:
        """Run `kubectl proxy` or `port-forward` while the block runs; gives the local port."""
        process = subprocess.Popen(
            [*self._command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "127.0.0.1:" not in line:
                raise DemoError(
                    f"kubectl {' '.join(arguments[:2])} does not listen: {line.strip() or 'it ended'}"
                )
            yield int(line.split("127.0.0.1:")[1].split()[0])
        finally:
            process.terminate()
            process.wait(10)


def wait_for(shown: Step, look: Callable[[], tuple[bool, str]], seconds: float, advice: str) -> None:
    """Look until it is so; what `look` tells is shown. DemoError after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        done, shown.note = look()
        if done:
            return
        if time.monotonic() > deadline:
            raise DemoError(f"{shown.title}: not after {seconds:.0f} s; last seen: {shown.note}", advice)
        time.sleep(POLL_SECONDS)


def condition(live: Manifest | None, kind: str) -> tuple[str, str]:
    """Status and message of a condition; ("", "") when it is not there."""
    found = [c for c in ((live or {}).get("status") or {}).get("conditions", ()) if c["type"] == kind]
    return (found[0]["status"], found[0].get("message", "")) if found else ("", "")


def _program() -> str:
    known = [ROOT / ".cache" / "bin" / "kubectl", ROOT / ".venv" / "bin" / "kubectl"]
    found = next((str(p) for p in known if os.access(p, os.X_OK)), None) or shutil.which("kubectl")
    if found is None:
        raise DemoError("there is no kubectl", "make venv installs one into .venv/bin")
    return found
