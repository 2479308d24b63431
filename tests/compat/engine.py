"""What both engines' processes do alike: one job file in, one line per flow out, no flow disturbs the next.

Standard library only.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .scripted import Scripted

KEY = "sk-compat-0123456789"


def connections(url: str) -> dict[str, Any]:
    """The connections that flows may name, in promptflow's wire form."""
    made: dict[str, tuple[str, dict[str, str], list[str]]] = {
        "llm": ("OpenAIConnection", {"api_key": KEY, "base_url": f"{url}/v1"}, ["api_key"]),
        "org": (
            "OpenAIConnection",
            {"api_key": KEY, "base_url": f"{url}/v1", "organization": "org-7"},
            ["api_key"],
        ),
        "azure": (
            "AzureOpenAIConnection",
            {"api_key": KEY, "api_base": url, "api_type": "azure", "api_version": "2024-06-01"},
            ["api_key"],
        ),
        "serverless": ("ServerlessConnection", {"api_key": KEY, "api_base": url}, ["api_key"]),
        "search": (
            "CognitiveSearchConnection",
            {"api_key": KEY, "api_base": url, "api_version": "2023-11-01"},
            ["api_key"],
        ),
        "safety": (
            "AzureContentSafetyConnection",
            {"api_key": KEY, "endpoint": url, "api_version": "2023-10-01"},
            ["api_key"],
        ),
        "form": (
            "FormRecognizerConnection",
            {"api_key": KEY, "endpoint": url, "api_version": "2023-07-31"},
            ["api_key"],
        ),
        "serp": ("SerpConnection", {"api_key": KEY}, ["api_key"]),
        "byenv": (
            "OpenAIConnection",
            {"api_key": "${env:COMPAT_SECRET}", "base_url": f"{url}/v1"},
            ["api_key"],
        ),
        "custom": ("CustomConnection", {"token": "t-1", "region": "north", "limit": "3"}, ["token"]),
    }
    return {
        name: {
            "name": name,
            "type": kind,
            "module": "promptflow.connections",
            "value": value,
            "secret_keys": keys,
        }
        for name, (kind, value, keys) in made.items()
    }


def work(run: Callable[[dict[str, Any], Scripted], dict[str, Any]]) -> None:
    """Run every flow of the job file (argument 1) and write a JSON line each (argument 2)."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    scripted = Scripted()
    scripted.connections = connections(scripted.url)
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        for case in job:
            begun = time.monotonic()
            before = (dict(os.environ), list(sys.path), set(sys.modules), Path.cwd())
            os.environ.update({k: v.replace("{url}", scripted.url) for k, v in case["env"].items()})
            for ask in case["asks"]:
                ask["content"] = ask["content"].replace("{url}", scripted.url)
            try:
                result = run(case, scripted)
            except Exception as error:  # noqa: BLE001 - the next flow wants to run, too
                result = {"crash": f"{type(error).__name__}: {error}"}
            line = {"name": case["name"], "seconds": round(time.monotonic() - begun, 1), **result}
            out.write(json.dumps(line).replace(scripted.url, "{url}") + "\n")
            out.flush()
            _restore(*before)
    os._exit(0)  # threads of tools and exporters must not hold the process


def _restore(env: dict[str, str], path: list[str], modules: set[str], cwd: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    sys.path[:] = path
    os.chdir(cwd)
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(tempfile.gettempdir()):
            del sys.modules[name]
