"""promptflow's own serving app over the corpus. Runs in the oracle environment: python -m compat.theirs."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from .engine import work
from .scripted import Scripted


def names(error: BaseException | None) -> list[str]:
    """The classes of an error and of what it wraps, outermost first."""
    found = []
    while error is not None:
        found.append(type(error).__name__)
        error = getattr(error, "inner_exception", None) or error.__cause__
    return found


def run(case: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Serve one flow and ask it everything."""
    from promptflow.core._connection_provider._connection_provider import ConnectionProvider  # type: ignore
    from promptflow.core._serving.app import create_app  # type: ignore

    ConnectionProvider._instance = None
    os.environ["PF_HTTP_CONNECTION_PROVIDER_ENDPOINT"] = scripted.url
    os.environ["PROMPTFLOW_PROJECT_PATH"] = case["folder"]
    os.chdir(case["folder"])
    sys.path.insert(0, case["folder"])
    try:
        app = create_app(engine="flask")
    except Exception as error:  # noqa: BLE001 - what it is, is the result
        return {"load": names(error), "message": str(error)[:300]}
    client = app.test_client()
    return {"answers": [ask(client, each, scripted) for each in case["asks"]]}


def ask(client: Any, wire: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Send one request."""
    del scripted.asked[:]
    broken = ""
    content = b""
    response = client.open(
        wire["path"],
        method=wire["method"],
        headers=wire["headers"],
        data=wire["content"].encode("latin-1"),
    )
    try:
        for chunk in response.response:
            content += chunk if isinstance(chunk, bytes) else chunk.encode()
    except Exception as error:  # noqa: BLE001 - a stream that breaks
        broken = type(error).__name__
    return {
        "status": response.status_code,
        "type": response.headers.get("content-type", ""),
        "content": content.decode("utf-8", "replace"),
        "broken": broken,
        "asked": list(scripted.asked),
    }


if __name__ == "__main__":
    os.environ.update(
        PF_TRACING_SKIP_LOCAL_SETUP="true", PF_DISABLE_TRACING="true", PF_LOGGING_LEVEL="CRITICAL",
        PROMPTFLOW_CONNECTION_PROVIDER="local",
    )  # fmt: skip
    logging.disable(logging.CRITICAL)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the whole process
    work(run)
