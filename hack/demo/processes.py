"""Start programs, wait until they answer, and stop every one of them by its own pid, whatever happens."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from hack.demo.screen import DemoError

STOP_SECONDS = 15
LOG_LINES = 12


class Processes:
    """Programs of ours, each with its log; leaving the block ends them, last started first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            self.stop(self._running[-1][0])

    def start(self, name: str, command: Sequence[str], environment: dict[str, str] | None = None) -> int:
        """Start a program in a session of its own, so that Ctrl-C reaches us first; returns its pid."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )
        self._running.append((name, process))
        return process.pid

    async def finish(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str],
        seconds: float,
        progress: Callable[[str], None],
    ) -> int:
        """Run a program to its end, showing its last line of log; returns its exit code."""
        self.start(name, command, environment)
        process = self._running[-1][1]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while process.poll() is None:
                    progress(self.tail(name, 1).strip())
                    await asyncio.sleep(0.2)
                del self._running[-1]
                self.check()
                return process.returncode
        raise DemoError(
            f"{name} did not end within {seconds:.0f} s:\n{self.tail(name)}", f"see {self.log(name)}"
        )

    def listed(self) -> list[tuple[str, str, str]]:
        """Name, pid and log of each, with a head line."""
        return [("NAME", "PID", "LOG"), *((n, str(p.pid), str(self.log(n))) for n, p in self._running)]

    def stop(self, name: str) -> None:
        """Ask one to end, and kill it if it does not."""
        index, process = next((i, p) for i, (n, p) in enumerate(self._running) if n == name)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        del self._running[index]

    def log(self, name: str) -> Path:
        """Where that program's output goes."""
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raise DemoError with the end of the log if any has ended by itself."""
        for name, process in self._running:
            code = process.poll()
            if code is not None:
                raise DemoError(
                    f"{name} ended with code {code}:\n{self.tail(name)}", f"the whole log: {self.log(name)}"
                )

    def tail(self, name: str, count: int = LOG_LINES) -> str:
        """The last lines of a log, indented."""
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        return "\n".join(f"    {line}" for line in lines)

    async def wait_until_ok(self, name: str, url: str, seconds: float) -> None:
        """Wait for a 200 from a URL; DemoError tells what it answered last."""
        last = "no answer"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while True:
                        self.check()
                        try:
                            async with session.get(url) as response:
                                if response.status == 200:
                                    return
                                last = f"{response.status} {(await response.text())[:300]}"
                        except (aiohttp.ClientError, TimeoutError) as error:
                            last = str(error) or "no answer"
                        await asyncio.sleep(0.1)
        raise DemoError(
            f"{name} is not ready after {seconds:.0f} s: {last}\n{self.tail(name)}", f"see {self.log(name)}"
        )


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on now."""
    with contextlib.ExitStack() as held:
        return list(_bound(held, count))


def _bound(held: contextlib.ExitStack, count: int) -> Iterator[int]:
    for _ in range(count):
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


def stop_on_terminate() -> None:
    """Let SIGTERM and a closed terminal unwind like Ctrl-C does, so that everything started is stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
