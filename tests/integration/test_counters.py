"""No counter of the records goes back when server or collector are killed, and each answer is in one."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flow_runtime.contracts.settings import (
    CollectionSettings,
    Identity,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from tests.integration.processes import free_port, get_json
from tests.unit.flow_helpers import write_flow

ECHO = """
    inputs: {text: {type: string}}
    outputs: {text: {type: string, reference: "${echo.output}"}}
    nodes:
    - {name: echo, type: python, source: {path: echo.py}, inputs: {text: "${inputs.text}"}}
"""
ECHO_PY = """
    from promptflow.core import tool

    @tool
    def echo(text: str) -> str:
        return text
"""
COUNTERS = ("flow_records_total", "flow_records_dropped_total", "flow_store_put_seconds_count")
Shown = dict[tuple[str, str], float]
pytestmark = pytest.mark.timeout(120)


class Pod:
    """A server and its collector as processes on one spool, to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        for name in ("spool", "work", "store"):
            (folder / name).mkdir()
        collection = CollectionSettings(
            store=StoreSettings(url=(folder / "store").as_uri()),
            spool=SpoolSettings(directory=folder / "spool", size_mib=1, seal_after_seconds=0.5),
            sampling_percent=50,
        )
        settings = ServerSettings(
            identity=Identity(namespace="shop", deployment="bot"),
            revision="abc123",
            flow=write_flow(folder / "flow", ECHO, echo_py=ECHO_PY),
            work=folder / "work",
            collection=collection,
        )
        self._settings = folder / "settings.json"
        self._settings.write_text(settings_json(settings))
        self.port, self.metrics_port = free_port(), free_port()
        self.server: subprocess.Popen[bytes] | None = None
        self.collector: subprocess.Popen[bytes] | None = None

    async def serve(self) -> None:
        """Start the server and wait until it has loaded the flow."""
        ports = [f"--port={self.port}", f"--metrics-port={self.metrics_port}", "--host=127.0.0.1"]
        self.server = self._start("server", *ports)
        for _ in range(600):
            with contextlib.suppress(OSError, aiohttp.ClientError):
                if (await get_json(self.metrics_port, "/state"))["ready"]:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError("the server does not get ready")

    def collect(self) -> None:
        self.collector = self._start("collector")

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"flow_runtime.{module}", str(self._settings), *arguments]
        own = {"POD_UID": "uid", "FLOW_TERMINATION_LOG": os.devnull, "TMPDIR": str(self._settings.parent)}
        environment = os.environ | own
        with (self._settings.parent / f"{module}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stderr=log)

    async def ask(self, count: int, size: int = 10) -> int:
        """Ask that many times at once; gives how many answers came whole."""

        async def one(http: aiohttp.ClientSession) -> int:
            try:
                url = f"http://127.0.0.1:{self.port}/score"
                async with http.post(url, json={"text": "x" * size}) as answer:
                    await answer.read()
                    return answer.status == 200
            except aiohttp.ClientError:
                return 0

        async with aiohttp.ClientSession() as http:
            return sum(await asyncio.gather(*(one(http) for _ in range(count))))

    async def scrape(self) -> Shown:
        """The counters of the records, by name and label."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            text = await answer.text()
        return {
            (sample.name, "".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name
            in ("flow_records_total", "flow_records_dropped_total", "flow_store_put_seconds_count")
        }

    def close(self) -> None:
        for process in (self.server, self.collector):
            if process is not None:
                process.kill()
                process.wait()


def kill(process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait()


async def test_counters_never_go_back_and_every_answer_is_in_one_of_them(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    try:
        await pod.serve()
        answered = await pod.ask(40)
        # Without a collector the spool of 1 MiB fills up: these are dropped.
        answered += await pod.ask(40, size=60_000)
        shown = await pod.scrape()
        for round_number in range(3):
            if round_number:
                kill(pod.collector)
            kill(pod.server)
            pod.collect()
            await pod.serve()
            again = await pod.scrape()
            assert {key: value for key, value in again.items() if value < shown[key]} == {}
            answered += await pod.ask(30)
            shown = await pod.scrape()
        counts = {result: shown["flow_records_total", result] for result in ("captured", "unsampled", "lost")}
        dropped = sum(value for (name, _), value in shown.items() if name == "flow_records_dropped_total")
        assert dropped > 0 < counts["unsampled"]
        assert counts["captured"] + dropped + counts["unsampled"] == answered == 170
        assert counts["lost"] == 0
        await stored(pod, counts["captured"])
    finally:
        pod.close()


async def stored(pod: Pod, count: float) -> None:
    """Wait until the collector has stored all that was captured."""
    for _ in range(400):
        if (await pod.scrape())["flow_records_total", "stored"] == count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await pod.scrape())
