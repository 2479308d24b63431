"""Fresh processes on loopback: the LLM stub, and a subject with all it starts, until its block ends."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import family, pinned
from tests.bench.subjects import KEY, Flow, Place, Subject

READY_SECONDS = 90.0
END_SECONDS = 8.0


@dataclass(frozen=True)
class Stub:
    """The LLM."""

    port: int

    @property
    def url(self) -> str:
        """What a connection calls its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def answer_after(self, milliseconds: int) -> None:
        """Set how late it answers."""
        _request(self.port, "GET", f"/latency/{milliseconds}")

    def idle(self, seconds: float) -> bool:
        """Wait until nobody waits for an answer: what a load left queued in a subject has to drain."""
        end, calm = time.monotonic() + seconds, 0
        while calm < 3 and time.monotonic() < end:
            time.sleep(0.03)
            calm = calm + 1 if _request(self.port, "GET", "/open")[1] == "0" else 0
        return calm == 3


@dataclass(frozen=True)
class Running:
    """A subject that is ready."""

    pid: int
    port: int
    ready_seconds: float
    """From its start to the first 200 on /health."""
    collector: int | None


@contextlib.contextmanager
def stub() -> Iterator[Stub]:
    """Run the LLM."""
    command = pinned(-1, sys.executable, "-m", "tests.bench.stub_llm")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Stub(int(process.stdout.readline()))
        finally:
            process.terminate()


@contextlib.contextmanager
def running(subject: Subject, flow: Flow, work: Path, llm: Stub) -> Iterator[Running]:
    """Start a subject afresh and wait until it is ready. Raises SystemExit, with its log, if it does not."""
    work.mkdir()
    place = Place(work, _free_port(), llm.url)
    started = subject.start(flow, place)
    variables = {"OPENAI_BASE_URL": llm.url, "OPENAI_API_KEY": KEY, "PYTHONDONTWRITEBYTECODE": ""}
    variables |= started.variables
    with contextlib.ExitStack() as ends:
        log = ends.enter_context((work / "log").open("wb"))

        def run(command: list[str]) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                command, cwd=started.folder, env=os.environ | variables, stdout=log, stderr=log
            )
            ends.callback(_end, process)
            return process

        collector = run(started.beside).pid if started.beside else None
        if collector is not None:
            time.sleep(1.0)  # so that its start is not in the way of the subject's
        begun = time.monotonic()
        process = run(started.command)
        if not _healthy(place.port, process, begun + READY_SECONDS):
            said = (work / "log").read_text(errors="replace")[-3000:]
            raise SystemExit(f"{subject.name} did not get ready for the flow {flow.name!r}:\n{said}")
        yield Running(process.pid, place.port, time.monotonic() - begun, collector)


def ask(port: int, path: str, flow: Flow) -> str:
    """Ask once, and return the answer."""
    headers = {"content-type": "application/json", "accept": flow.accept}
    return _request(port, "POST", path, flow.body, headers)[1]


def _healthy(port: int, process: "subprocess.Popen[bytes]", until: float) -> bool:
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _request(port, "GET", "/health")[0] == 200:
                return True
        time.sleep(0.005)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end; a subject that is still at work on what a load left it is killed with its family."""
    members = list(family(process.pid))
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        for member in members:
            with contextlib.suppress(OSError):
                os.kill(member, signal.SIGKILL)
        process.wait()


def _request(
    port: int, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
