"""Where `make try` begins: with nothing but a system Python, make a venv and run the thread in it.

Standard library only, and no import of ours that needs more: it runs before anything is installed.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from hack.demo.screen import DemoError, fail, step

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".cache" / "try"
INSTALL_SECONDS = 600


def main() -> int:  # noqa: RET503 - it ends as another program
    """Prepare the venv, then become the program in it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may well be somebody's python3
        return fail(
            DemoError(
                f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}",
                "PYTHON=python3.12 make try",
            )
        )
    print("The whole thread without a cluster: serve, ask, collect, judge, report.", flush=True)
    try:
        prepare()
    except DemoError as error:
        return fail(error)
    python = VENV / "bin" / "python"
    os.chdir(ROOT)
    os.execv(python, [str(python), "-m", "hack.demo.local"])  # noqa: S606 - it becomes the program


def prepare() -> None:
    """Install the runtime from this checkout into the venv, unless it is there for these requirements."""
    stamp = VENV / ".installed"
    wanted = digest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step("Python packages into .cache/try (once)"):
        run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            "Debian and Ubuntu: apt-get install python3-venv",
        )
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        run(
            [*pip, "install", "--no-compile", "-c", "constraints.txt", "-e", ".[runtime]"],
            "a package index must be in reach (pip's own settings, for example PIP_INDEX_URL, are honoured)",
        )
        stamp.write_text(wanted)


def digest() -> str:
    """What the venv's contents follow from."""
    parts = [sys.version, *((ROOT / name).read_text() for name in ("pyproject.toml", "constraints.txt"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def run(command: list[str], advice: str) -> None:
    """Run one command from the checkout's root; a failure shows the end of what it said."""
    environment = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DemoError(f"{' '.join(command[1:4])} took more than {INSTALL_SECONDS} s", advice) from None
    if done.returncode:
        said = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-10:])
        raise DemoError(f"{' '.join(command[1:4])} failed:\n{said}", advice)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
