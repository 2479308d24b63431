"""This runtime over the corpus, without sockets: python -m compat.ours."""

import asyncio
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import ConnectionSettings, ConnectionType, Identity, ServerSettings
from flow_runtime.llm.client import HTTPChat
from flow_runtime.llm.connection import Connections
from flow_runtime.server.app import App
from flow_runtime.server.runtime import Runtime

from .engine import work
from .scripted import Scripted

SECONDS = 20
FROM_ENVIRONMENT = "byenv"
"""A connection that comes as a variable of its name, and itself refers to another variable."""


def mounted(folder: Path, wire: dict[str, Any]) -> tuple[ConnectionSettings, ...]:
    """Connections as Secrets are mounted: a folder each, a file per field."""
    known = {kind.value: kind for kind in ConnectionType}
    made = []
    for name, connection in wire.items():
        kind = known.get(connection["type"].removesuffix("Connection"))
        if kind is None or name == FROM_ENVIRONMENT:
            continue
        directory = folder / name
        directory.mkdir()
        for key, value in connection["value"].items():
            plain = kind is ConnectionType.CUSTOM and key not in connection["secret_keys"]
            (directory / (f"configs.{key}" if plain else key)).write_text(value, encoding="utf-8")
        made.append(ConnectionSettings(name=name, type=kind, directory=directory))
    return tuple(made)


def run(case: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Serve one flow and ask it everything."""
    with tempfile.TemporaryDirectory(prefix="compat-") as folder:
        return asyncio.run(serve(case, scripted, Path(folder)))


async def serve(case: dict[str, Any], scripted: Scripted, folder: Path) -> dict[str, Any]:
    """Load the flow as a pod does, under errors: Strict."""
    (folder / "secrets").mkdir()
    os.environ["SERPAPI_BASE_URL"] = scripted.url
    if "COMPAT_SECRET" in os.environ:
        os.environ[FROM_ENVIRONMENT] = json.dumps(scripted.connections[FROM_ENVIRONMENT])
    settings = ServerSettings.model_validate(
        {
            "identity": Identity(namespace="compat", deployment=Path(case["folder"]).name),
            "revision": "compat",
            "flow": Path(case["folder"]),
            "work": folder / "work",
            "connections": mounted(folder / "secrets", scripted.connections),
            "request_timeout_seconds": SECONDS,
            **({"errors": "Strict"} if "errors" in ServerSettings.model_fields else {}),
        }
    )
    connections = Connections(settings.connections, os.environ)
    llm = HTTPChat(connections)
    runtime = Runtime(settings, "pod", connections, llm)
    try:
        runtime.refresh()
        await runtime.load()
        if runtime.flow is None:
            reason = runtime.reason[1]
            return {"load": [reason.partition(":")[0]], "message": reason[:300]}
        app = App(runtime, metrics_port=1)
        return {"answers": [await ask(app, each, scripted) for each in case["asks"]]}
    finally:
        await runtime.close()
        await llm.close()


async def ask(app: App, wire: dict[str, Any], scripted: Scripted) -> dict[str, Any]:
    """Call the application as uvicorn does."""
    del scripted.asked[:]
    path, _, query = wire["path"].partition("?")
    body = [wire["content"].encode("latin-1")]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": wire["method"],
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 9),
        "headers": [(name.lower().encode(), value.encode()) for name, value in wire["headers"].items()],
    }
    broken = ""
    try:
        await asyncio.wait_for(app(scope, receive, send), SECONDS + 5)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        broken = f"{type(error).__name__}: {error}"
    start = sent[0] if sent else {"status": 0, "headers": []}
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    pieces = (
        [] if wire["method"] == "HEAD" else [message.get("body", b"") for message in sent[1:]]
    )  # as uvicorn
    return {
        "status": start["status"],
        "type": headers.get("content-type", ""),
        "content": b"".join(pieces).decode("utf-8", "replace"),
        "broken": broken,
        "asked": list(scripted.asked),
    }


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    work(run)
