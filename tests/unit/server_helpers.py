"""A server without sockets: the ASGI application is called as uvicorn calls it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    ConnectionType,
    Identity,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
)
from flow_runtime.llm.call import ChatModel
from flow_runtime.llm.connection import Connections
from flow_runtime.llm.function import FunctionChat
from flow_runtime.server.app import App
from flow_runtime.server.runtime import Runtime
from flow_runtime.spool import sealed
from flow_runtime.tracing import OFF, Tracing

METRICS_PORT = 9090
DAG = """
    inputs:
      question: {type: string, is_chat_input: true, description: "<b>what</b> to ask"}
      history: {type: list, default: []}
      polite: {type: bool, default: true}
    outputs:
      answer: {type: string, reference: "${chat.output}"}
      docs: {type: list, reference: "${fetch.output}", evaluation_only: true}
    nodes:
    - {name: fetch, type: python, source: {path: fetch.py}, inputs: {question: "${inputs.question}"}}
    - {name: chat, type: llm, source: {path: chat.jinja2}, api: chat, connection: llm,
       inputs: {model: m, docs: "${fetch.output}", question: "${inputs.question}"}}
"""
FILES = {
    "fetch_py": """
        from promptflow.core import tool

        @tool
        def fetch(question: str) -> list:
            if question == "break":
                raise KeyError("secret stock")
            return [f"about {question}"]
    """,
    "chat_jinja2": "system:\n{{ docs }}\nuser:\n{{ question }}\n",
}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Pod:
    """A runtime and its application, with a spool in a folder."""

    def __init__(
        self,
        folder: Path,
        flow: Path,
        llm: ChatModel | None = None,
        enter: Callable[[Path], None] = lambda _: None,
        environ: Mapping[str, str] | None = None,
        tracing: Tracing = OFF,
        **settings: Any,
    ) -> None:
        self.secret = folder / "secret"
        self.secret.mkdir(exist_ok=True)
        (self.secret / "api_key").write_text("sk-secret-value\n")
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        collection = CollectionSettings(
            store=StoreSettings(url="file:///none"),
            spool=SpoolSettings(directory=self.spool),
            capture_nodes=settings.pop("capture_nodes", ()),
            sampling_percent=settings.pop("sampling_percent", 100),
            user=settings.pop("user", ""),
        )
        made = ServerSettings(
            identity=Identity(namespace="shop", deployment="bot"),
            revision="abc123",
            flow=flow,
            work=folder / "work",
            connections=(ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=self.secret),),
            collection=collection,
            **settings,
        )
        self.llm = llm or FunctionChat()
        connections = Connections(made.connections, environ)
        self.runtime = Runtime(made, "bot-1", connections, self.llm, enter=enter, tracing=tracing)
        self.app = App(self.runtime, METRICS_PORT)
        self.application = tracing.application(self.app)

    async def start(self) -> "Pod":
        self.runtime.refresh()
        await self.runtime.load()
        return self

    async def records(self) -> list[dict[str, Any]]:
        await self.runtime.close()
        lines = b"".join(segment.path.read_bytes() for segment in sealed(self.spool)).splitlines()
        return [json.loads(line) for line in lines]

    async def stream(self, inputs: Any) -> Answer:
        return await self.score(inputs, {"accept": "text/event-stream"})

    async def score(self, inputs: Any, headers: Mapping[str, str] | None = None) -> Answer:
        body = inputs if isinstance(inputs, bytes) else json.dumps(inputs).encode()
        return await self.call("POST", "/score", body, headers)

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        port: int = 8080,
        chunk: int | None = None,
        gone: asyncio.Event | None = None,
    ) -> Answer:
        """Call the application; once `gone` is set the client is not there any more."""
        chunks = [
            body[i : i + (chunk or len(body) or 1)] for i in range(0, len(body), chunk or len(body) or 1)
        ] or [b""]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if chunks:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "server": ("10.0.0.1", port),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        await self.application(scope, receive, send)
        start, *parts = sent
        assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
        found = {k.decode(): v.decode() for k, v in start["headers"]}
        return Answer(start["status"], found, b"".join(part["body"] for part in parts))
