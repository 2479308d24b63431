"""A server in front of the LLM that fails on demand, and what each request left behind in it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from flow_runtime.contracts.record import Record
from tests.integration.processes import Server, free_port, serving, wait_for_port

Samples = dict[tuple[str, ...], float]


@dataclass
class Outcome:
    """One request: what the client got, how long it took, what was recorded and counted of it."""

    status: int
    headers: dict[str, str]
    text: str
    seconds: float
    record: Record
    counted: Samples

    @property
    def error(self) -> Any:
        """The error of the body, or of the last event."""
        return json.loads(self.text.rpartition("data: ")[2])["error"]


@contextmanager
def failing_llm() -> Iterator[str]:
    """The LLM as a process; yields its base URL."""
    port = free_port()
    program = Path(__file__).with_name("fault_llm.py")
    process = subprocess.Popen([sys.executable, str(program), str(port)])
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def faulty(folder: Path, **settings: Any) -> Iterator[Server]:
    """A server in front of the failing LLM."""
    with failing_llm() as url, serving(folder, url, **settings) as server:
        yield server


async def ask(server: Server, question: str, accept: str = "application/json") -> Outcome:
    """Ask, and look at all that the request left behind."""
    async with aiohttp.ClientSession() as http:
        before, begun = await _samples(http, server), time.monotonic()
        async with http.post(
            f"{server.url}/score", json={"question": question}, headers={"accept": accept}
        ) as answer:
            text = await answer.text()
            seconds = time.monotonic() - begun
            headers = {name.lower(): value for name, value in answer.headers.items()}
            status = answer.status
        after = await _samples(http, server)
    counted = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    return Outcome(status, headers, text, seconds, _record(server, headers["x-request-id"]), counted)


def _record(server: Server, request_id: str) -> Record:
    """Find the record of a request, which is in the spool before the last byte of the answer."""
    paths = [path for path in server.spool.iterdir() if path.suffix in (".open", ".jsonl")]
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    records = [Record.model_validate_json(line) for line in lines]
    [found] = [record for record in records if record.request_id == request_id]
    return found


async def _samples(http: aiohttp.ClientSession, server: Server) -> Samples:
    async with http.get(f"http://127.0.0.1:{server.metrics_port}/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
