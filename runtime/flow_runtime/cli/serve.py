"""flowop serve: the pod's own server for a folder on this machine. Nothing is collected."""

import argparse
import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from flow_runtime.cli.connections import open_connections
from flow_runtime.cli.finding import findings_of, refuse
from flow_runtime.cli.folder import flow_name, packaged
from flow_runtime.cli.loading import described
from flow_runtime.cli.screen import Problem, Screen
from flow_runtime.contracts.settings import Errors, Identity, ServerSettings
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.llm.client import HTTPChat
from flow_runtime.server import log
from flow_runtime.server.app import App
from flow_runtime.server.runtime import Runtime
from flow_runtime.server.serve import Server, listen
from flow_runtime.tracing.choose import choose

NAMESPACE = REVISION = "local"


def serve(options: argparse.Namespace, screen: Screen) -> int:
    """Serve until Ctrl-C or SIGTERM: 0; 1 when the flow cannot be loaded. Raises Problem."""
    name = flow_name(options.flow)
    connections = open_connections(options.connections, os.environ, screen)
    sockets = [_listen(options.host, options.port), _listen(options.host, 0)]
    try:
        with packaged(options.flow) as flow, TemporaryDirectory(prefix="flowop-") as work:
            settings = ServerSettings(
                identity=Identity(namespace=NAMESPACE, deployment=name),
                revision=REVISION,
                flow=flow,
                variant=options.variant,
                work=Path(work),
                errors=Errors(options.errors),
            )
            log.quiet()
            llm = HTTPChat(connections)
            pod = socket.gethostname()
            tracing = choose(os.environ, settings, pod, screen.note)
            runtime = Runtime(settings, pod, connections, llm, tracing=tracing)
            app = App(runtime, metrics_port=sockets[1].getsockname()[1])
            server = LocalServer(runtime, app, llm, screen)
            server.run(sockets)
    except InvalidSource as error:
        screen.failed(f"{name}: {error.name}", str(error))
        return 1
    return 1 if server.refused else 0


class LocalServer(Server):
    """Says where it serves, or ends at once when the flow cannot be loaded: nobody repairs it meanwhile."""

    def __init__(self, runtime: Runtime, app: App, llm: HTTPChat, screen: Screen) -> None:
        super().__init__(runtime, app, llm)
        self._screen = screen
        self.refused = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, wait for the flow, tell."""
        await super().startup(sockets)
        if self._loading is not None:
            await self._loading
        reason, message = self._runtime.reason
        if self._runtime.served is None or not self._runtime.ready:
            self._say_why_not(reason, message)
            self.refused = self.should_exit = True
            return
        log.set_up()
        public, inner = [_url(each) for each in sockets or ()]
        self._screen.fine(
            f"{self._runtime.settings.identity.deployment}: {described(self._runtime.served.flow)}",
            f"POST {public}/score",
            f"page {public}/   description {public}/swagger.json   metrics {inner}/metrics",
            "Ctrl-C ends it",
        )

    def _say_why_not(self, reason: str, message: str) -> None:
        settings, error = self._runtime.settings, self._runtime.refused
        name = settings.identity.deployment
        if error is not None:
            refuse(name, findings_of(error, settings.work / "flow"), False, self._screen)
        else:
            kind, _, detail = message.partition(": ")
            self._screen.failed(f"{name}: {kind or reason}", detail or message)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise Problem(
            f"cannot listen on {host}:{port}: {error.strerror or error}: try another --port"
        ) from None


def _url(opened: socket.socket) -> str:
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
