"""What the server's process does: read settings, listen, serve until SIGTERM."""

import argparse
import os
import socket
import sys
from pathlib import Path

from pydantic import ValidationError

from flow_runtime.contracts.base import METRICS_PORT, SERVER_PORT, SETTINGS_FILE
from flow_runtime.contracts.settings import ServerSettings
from flow_runtime.llm.client import HTTPChat
from flow_runtime.llm.connection import Connections
from flow_runtime.server import log
from flow_runtime.server.app import App
from flow_runtime.server.runtime import Runtime
from flow_runtime.server.serve import Server, listen
from flow_runtime.tracing.choose import choose


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; 2 if the settings or a port are unusable."""
    options = _options(arguments)
    try:
        settings = ServerSettings.model_validate_json(options.settings.read_bytes())
        sockets = [listen(options.host, options.port), listen(options.host, options.metrics_port)]
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        return _refuse(f"{options.settings} is no settings.json of a server: {fields}")
    except OSError as error:
        return _refuse(f"cannot serve by {options.settings}: {error}")
    log.set_up()
    # A pod's host name is its name; Kubernetes cuts it only beyond 63 characters.
    pod = os.environ.get("POD_NAME") or socket.gethostname()
    connections = Connections(settings.connections, os.environ)
    llm = HTTPChat(connections)
    tracing = choose(os.environ, settings, pod, log.problem)
    runtime = Runtime(settings, pod, connections, llm, tracing=tracing)
    app = App(runtime, metrics_port=sockets[1].getsockname()[1])
    Server(runtime, app, llm).run(sockets)
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="flow_runtime.server", description="Serve one flow over HTTP.")
    parser.add_argument("settings", type=Path, nargs="?", default=SETTINGS_FILE, help="settings.json")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - a pod's own
    parser.add_argument("--port", type=int, default=SERVER_PORT, help="port of /score")
    parser.add_argument("--metrics-port", type=int, default=METRICS_PORT, help="port of /metrics and /state")
    return parser.parse_args(arguments)
