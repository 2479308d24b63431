"""Processes on loopback: server, scripted LLM, an LLM of the test's own, and clients that keep asking."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    ConnectionType,
    Identity,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from flow_runtime.spool import sealed
from tests.unit.flow_helpers import CHAT, write_flow

DAG = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${chat.output}"}}
    nodes:
    - {name: chat, type: llm, source: {path: chat.jinja2}, api: chat, connection: llm,
       inputs: {model: m, question: "${inputs.question}"}}
"""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A server process and its folder."""

    def __init__(
        self, folder: Path, llm_url: str, key: str = "sk-secret-value", percent: int = 100, **settings: Any
    ) -> None:
        for name in ("spool", "work", "secret"):
            (folder / name).mkdir(exist_ok=True)
        if key:
            (folder / "secret" / "api_key").write_text(key)
        (folder / "secret" / "base_url").write_text(llm_url)
        self.spool = folder / "spool"
        spool = SpoolSettings(directory=self.spool, seal_after_seconds=10)
        made = ServerSettings(
            identity=Identity(namespace="shop", deployment="bot"),
            revision="abc123",
            flow=write_flow(folder / "flow", DAG, chat_jinja2=CHAT),
            work=folder / "work",
            connections=(
                ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=folder / "secret"),
            ),
            collection=CollectionSettings(
                store=StoreSettings(url="file:///none"), spool=spool, sampling_percent=percent
            ),
            **settings,
        )
        (folder / "settings.json").write_text(settings_json(made))
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ports = [f"--port={self.port}", f"--metrics-port={self.metrics_port}", "--host=127.0.0.1"]
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "flow_runtime.server", str(folder / "settings.json"), *ports]
            self.process = subprocess.Popen(command, stderr=log)
        try:
            wait_for_port(self.metrics_port)
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise

    def records(self) -> list[Record]:
        lines = [line for segment in sealed(self.spool) for line in segment.path.read_bytes().splitlines()]
        return [Record.model_validate_json(line) for line in lines]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@contextmanager
def serving(folder: Path, llm_url: str, **settings: Any) -> Iterator[Server]:
    server = Server(folder, llm_url, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def scripted_llm() -> Iterator[str]:
    """The scripted LLM as a process; yields its base URL."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "flow_runtime.llm.scripted", "--port", str(port)])
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def llm_that(handler: Handler) -> AsyncIterator[str]:
    """An LLM in this process; yields its base URL."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def ask(server: Server, body: Any = None) -> tuple[int, Any, Any]:
    given = {"question": "hi"} if body is None else body
    async with aiohttp.ClientSession() as http, http.post(f"{server.url}/score", json=given) as answer:
        return answer.status, await answer.json(), answer.headers


async def get_json(port: int, path: str) -> Any:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}{path}") as answer:
        return await answer.json()


async def until(server: Server, reason: str) -> None:
    for _ in range(100):
        if (await get_json(server.metrics_port, "/state"))["reason"] == reason:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(server.log.read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait up to a minute: the machine may have much else to do."""
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nothing listens")


class Caller:
    """One client connection that sends request after request until it is refused."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answered, self.lost = 0, 0

    async def run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                return
            if not await self._talk(reader, writer):
                return

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send until the server closes; False when it did so without having been asked anything."""
        body, known = b'{"question": "hi"}', False
        try:
            while True:
                head = f"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                writer.write(head + body)
                try:
                    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                    await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r\n")[0]))
                except (OSError, asyncio.IncompleteReadError):
                    # A connection that was never answered on had not been accepted.
                    self.lost += known
                    return False
                assert answer.startswith(b"http/1.1 200")
                self.answered += 1
                known = True
                if b"connection: close" in answer:
                    return True
        finally:
            writer.close()
