"""A spool with its writer, collectors as processes, and a proxy that kills one at the worst moment."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from flow_runtime import spool
from flow_runtime.contracts.settings import (
    CollectionSettings,
    Identity,
    RedactSettings,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from flow_runtime.spool import CollectorState, SpoolWriter
from flow_runtime.store import Store
from tests.integration.processes import free_port
from tests.integration.s3 import S3
from tests.unit.evaluator_parts import record

BOT = Identity(namespace="shop", deployment="bot")
DYING_SERVER = """
import sys, time
from pathlib import Path
from flow_runtime.spool import SpoolWriter
writer = SpoolWriter(Path(sys.argv[1]))
assert writer.append(sys.argv[2].encode())
print("written", flush=True)
time.sleep(60)
"""


class World:
    """A spool with its writer, and collectors that take from it."""

    def __init__(
        self, folder: Path, store: StoreSettings, redact: RedactSettings | None = None, user: str = ""
    ) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        self.store = store
        self.writer = SpoolWriter(self.spool, seal_after_seconds=0.1)
        self._settings = folder / "settings.json"
        settings = ServerSettings(
            identity=BOT,
            revision="0123456789ab",
            collection=CollectionSettings(
                store=store,
                spool=SpoolSettings(directory=self.spool),
                redact=redact or RedactSettings(),
                user=user,
            ),
        )
        self._settings.write_text(settings_json(settings))

    def begin(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "flow_runtime.collector", str(self._settings)],
            env=os.environ | {"POD_UID": "3b1c-uid", "TMPDIR": str(self._settings.parent)},
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self) -> subprocess.Popen[str]:
        collector = self.begin()
        assert collector.stderr is not None
        assert "collecting" in collector.stderr.readline()
        return collector

    def write(self, first: int, count: int) -> None:
        """Collect records and seal them into a segment."""
        for number in range(first, first + count):
            assert self.writer.append(record(number).model_dump_json().encode())
        self.writer.seal()

    @property
    def state(self) -> CollectorState:
        return spool.read_collector_state(self.spool)

    async def until(self, ready: Callable[[], bool], seconds: float = 20) -> None:
        for _ in range(int(seconds / 0.05)):
            if ready():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.state)


async def stored_lines(settings: StoreSettings) -> list[bytes]:
    store = Store.open(settings)
    keys = await store.list("default/shop/bot/records")
    return [line for key in keys for line in gzip.decompress(await store.get(key)).splitlines()]


def write_and_die(directory: Path, line: str) -> None:
    """Be a server that collects one record and is killed: its segment stays open, its lock ends."""
    command = [sys.executable, "-c", DYING_SERVER, directory, line]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"written\n"
        server.kill()


def minds(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Wait until a process blocks or handles a signal, so that it is not lost."""
    minded = 0
    while not minded >> (number - 1) & 1:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines)
        minded = int(status["SigBlk"], 16) | int(status["SigCgt"], 16)


def finish(collector: subprocess.Popen[str]) -> str:
    """End a collector as the kubelet does; gives its log."""
    collector.send_signal(signal.SIGTERM)
    _, log = collector.communicate(timeout=30)
    assert collector.returncode == 0, log
    return log


@asynccontextmanager
async def killer(s3: S3, victim: Callable[[], subprocess.Popen[str]]) -> AsyncIterator[str]:
    """A proxy that lets the first PUT reach the S3 server and kills the collector before it hears of it."""
    killed: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        async with aiohttp.ClientSession(auto_decompress=False) as client:
            url = s3.endpoint + request.raw_path
            # The signature covers the host that the client believes to talk to.
            async with client.request(request.method, url, data=body, headers=request.headers) as answer:
                content, status, headers = await answer.read(), answer.status, dict(answer.headers)
        if request.method == "PUT" and not killed:
            killed.append(request.path)
            victim().kill()
            victim().wait()
        headers.pop("Content-Length", None)
        return web.Response(body=content, status=status, headers=headers)

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
