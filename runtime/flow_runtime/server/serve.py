"""One uvicorn server on two sockets, and an end that loses no request: answer, then hand the records over."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator

import uvicorn

from flow_runtime.llm.client import HTTPChat
from flow_runtime.server import garbage
from flow_runtime.server.app import App
from flow_runtime.server.llm_metrics import LLMMetrics
from flow_runtime.server.runtime import Runtime

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
"""Longer than the idle time of usual client pools, so that it is the client who closes."""
LAST_WORDS_TRIES = 20
"""Times 50 ms: how long idle connections may still bring the request that their client is just sending."""


class Server(uvicorn.Server):
    """uvicorn with our signals and our end."""

    def __init__(self, runtime: Runtime, app: App, llm: HTTPChat) -> None:
        super().__init__(
            uvicorn.Config(
                runtime.tracing.application(app),
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=int(runtime.settings.request_timeout_seconds) + 5,
            )
        )
        self._runtime = runtime
        self._app = app
        self._llm = llm
        runtime.metrics.registry.register(LLMMetrics(llm.healths))
        self._loading: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at once, so that probes and the operator are answered while the flow is loaded."""
        await super().startup(sockets)
        self._loading = asyncio.create_task(self._load())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, answer what was accepted, seal the spool."""
        self._app.draining = True
        for server in self.servers:
            server.close()
        for _ in range(LAST_WORDS_TRIES):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)
        if self._loading is not None:
            self._loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loading
        await self._runtime.close()
        await self._llm.close()

    async def _load(self) -> None:
        await self._runtime.start()
        garbage.leave()
        await asyncio.to_thread(self._llm.prepare)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """End on SIGTERM and SIGINT, and end well: uvicorn would raise the signal again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened
