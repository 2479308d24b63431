"""python -m flow_runtime.fetch SETTINGS [--host 0.0.0.0] [--port 9090]: ends with 0 when the flow is there.

While it is not, GET /state says why, as the server's does: the operator hears of it in the one way it knows.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from flow_runtime.contracts.base import FETCH_FILE, METRICS_PORT
from flow_runtime.contracts.fetch import FetchSettings
from flow_runtime.fetch.loop import Fetcher
from flow_runtime.logs import log


async def fetch(settings: FetchSettings, host: str, port: int) -> None:
    """Answer on the port until the flow is there."""
    # Nothing is worth an orderly end, and as the first process of a container it would not end by default.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 128 + signal.SIGTERM)
    fetcher = Fetcher(settings)

    async def state(_: web.Request) -> web.Response:
        return web.Response(text=fetcher.state().model_dump_json(), content_type="application/json")

    app = web.Application()
    app.router.add_get("/state", state)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await fetcher.run()
    finally:
        await runner.cleanup()


def main(arguments: list[str] | None = None) -> int:
    """Read the settings and fetch. 2 when the settings or the port are unusable."""
    parser = argparse.ArgumentParser(prog="flow_runtime.fetch", description="Fetch one flow.")
    parser.add_argument("settings", type=Path, nargs="?", default=FETCH_FILE, help="fetch.json")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - a pod's own
    parser.add_argument("--port", type=int, default=METRICS_PORT, help="port of /state")
    options = parser.parse_args(arguments)
    try:
        settings = FetchSettings.model_validate_json(options.settings.read_bytes())
        asyncio.run(fetch(settings, options.host, options.port))
    except (OSError, ValidationError, ValueError) as error:
        log("error", f"cannot fetch by {options.settings}", cause=str(error)[:500])
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
