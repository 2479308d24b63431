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
    while isinstance(error, BaseException):
        found.append(type(error).__name__)
        error = getattr(error, "inner_exception", None) or error.__cause__
    return found


def executor_names(case: dict[str, Any], scripted: Scripted) -> list[str]:
    """What the executor says of a flow when it gets its connections as a dict, as in a batch."""
    from promptflow.executor import FlowExecutor

    found = [path.name for path in Path(case["folder"]).iterdir() if path.suffix in (".yaml", ".prompty")]
    try:
        FlowExecutor.create(Path(*found[:1]), scripted.connections, Path(case["folder"]), raise_ex=False)
    except Exception as error:  # noqa: BLE001 - what it is, is the result
        return names(error)
    return []


def connect(scripted: Scripted) -> None:
    """Give prompties the same connections by name: promptflow keeps theirs in SQLite and a keyring."""
    from promptflow.core import _prompty_utils
    from promptflow.core._connection_provider._connection_provider import ConnectionProvider
    from serpapi import SerpApiClient

    def by_name(name: str) -> tuple[dict[str, str], str]:
        kind = ConnectionProvider.get_instance().get(name).TYPE
        return dict(scripted.connections[name]["value"]), kind

    SerpApiClient.BACKEND = scripted.url
    ConnectionProvider._instance = None
    _prompty_utils.get_connection_by_name = by_name


def run(case: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Serve one flow and ask it everything."""
    from promptflow.core._serving.app import create_app

    connect(scripted)
    os.environ["PF_HTTP_CONNECTION_PROVIDER_ENDPOINT"] = scripted.url
    os.environ["PROMPTFLOW_PROJECT_PATH"] = case["folder"]
    os.chdir(case["folder"])
    sys.path.insert(0, case["folder"])
    try:
        app = create_app(engine="flask")
    except Exception as error:  # noqa: BLE001 - what it is, is the result
        said = [*executor_names(case, scripted), *names(error)]
        return {"load": said, "message": str(error)[:300]}
    client = app.test_client()
    return {"answers": [ask(client, each, scripted) for each in case["asks"]]}


def ask(client: Any, wire: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Send one request."""
    del scripted.asked[:]
    broken = ""
    content = b""
    try:
        response = client.open(
            wire["path"],
            method=wire["method"],
            headers=wire["headers"],
            data=wire["content"].encode("latin-1"),
        )
    except Exception as error:  # noqa: BLE001 - the WSGI server would answer 500
        return {
            "status": 500,
            "type": "text/html",
            "content": "",
            "broken": type(error).__name__,
            "asked": [],
        }
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
