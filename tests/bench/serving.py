"""Requests per second, latency and CPU of the server as shipped, with an LLM that answers after 0 and 50 ms.

The server has one CPU for itself where there are two; LLM and load share the other.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

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
from tests.bench.load import Load, drive

FLOW = Path(__file__).with_name("flow")
QUESTION = json.dumps(
    {"question": "Why would a pod stay pending after the node pool was scaled up?"}
).encode()
LATENCIES_MS, CONNECTIONS, SECONDS = (0, 50), (1, 16, 64), 1.2
FLOOR = "raw ASGI + aiohttp by hand, measured elsewhere on one CPU: 0.26 ms CPU a request at 0 ms, c=16"


def run() -> None:
    """Measure and print the table."""
    print("LLM ms  collect   c    req/s   p50 ms   p99 ms  CPU ms/req  failed")
    with tempfile.TemporaryDirectory() as folder, _process("tests.bench.stub_llm", cpu=1) as llm:
        llm_port = int(_first_line(llm))
        for milliseconds in LATENCIES_MS:
            for collect in (True, False):
                work = Path(folder) / f"{milliseconds}-{collect}"
                url = f"http://127.0.0.1:{llm_port}/{milliseconds}/v1"
                with _server(work, url, collect) as (server, port):
                    uvloop.run(_measure(server, port, milliseconds, collect))
    print(f"for comparison, the floor: {FLOOR}")


async def _measure(server: "subprocess.Popen[bytes]", port: int, milliseconds: int, collect: bool) -> None:
    await drive(port, "/score", QUESTION, 16, 0.4)
    for connections in CONNECTIONS:
        before = _cpu_seconds(server.pid)
        load = await drive(port, "/score", QUESTION, connections, SECONDS)
        _print(load, milliseconds, collect, connections, _cpu_seconds(server.pid) - before)


def _print(load: Load, milliseconds: int, collect: bool, connections: int, cpu: float) -> None:
    print(
        f"{milliseconds:6d}  {'on' if collect else 'off':7s} {connections:3d} {load.rate:8.0f}"
        f" {load.quantile(0.5) * 1000:8.2f} {load.quantile(0.99) * 1000:8.2f}"
        f" {cpu * 1000 / len(load.latencies):11.3f} {load.failed:7d}",
        flush=True,
    )


@contextmanager
def _server(work: Path, llm_url: str, collect: bool) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    for name in ("work", "spool", "connection"):
        (work / name).mkdir(parents=True)
    (work / "connection" / "api_key").write_text("sk-bench")
    (work / "connection" / "base_url").write_text(llm_url)
    spool = SpoolSettings(directory=work / "spool", size_mib=256)
    settings = ServerSettings(
        identity=Identity(namespace="bench", deployment="bench"),
        revision="bench",
        flow=FLOW,
        work=work / "work",
        connections=(
            ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=work / "connection"),
        ),
        collection=CollectionSettings(store=StoreSettings(url="file:///none"), spool=spool)
        if collect
        else None,
    )
    (work / "settings.json").write_text(settings_json(settings))
    port = _free_port()
    arguments = [str(work / "settings.json"), "--host=127.0.0.1", f"--port={port}", "--metrics-port=0"]
    with _process("flow_runtime.server", *arguments, cpu=0) as server:
        _wait_until_ready(port)
        yield server, port


@contextmanager
def _process(module: str, *arguments: str, cpu: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE)
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(process.pid, {sorted(os.sched_getaffinity(0))[cpu]})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def _wait_until_ready(port: int) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not get ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
