"""A real git server: git's own http-backend behind a small bridge, with Basic authentication where wanted."""

import asyncio
import base64
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

USER, PASSWORD = "reader", "s3cret-of-git"
_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "HOME": os.devnull,
}


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *command], cwd=folder, env=_ENV, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


@dataclass
class Repository:
    """A repository with a work tree; commits are made as a person makes them."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        git(self.folder, "init", "-q", "-b", "main")

    def commit(self, files: dict[str, str], message: str = "Change") -> str:
        """Write these files beside what is there, and return the id of the new commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.record(message)

    def record(self, message: str = "Change") -> str:
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", message)
        return git(self.folder, "rev-parse", "HEAD")


@dataclass
class GitServer:
    """What was asked of it, and how it answers."""

    root: Path
    url: str = ""
    credentials: tuple[str, str] | None = None
    status: int = 0
    """Answer with this status instead."""
    requests: list[web.Request] = field(default_factory=list)

    def address(self, name: str) -> str:
        return f"{self.url}/{name}/.git"


@asynccontextmanager
async def git_server(root: Path, tls: ssl.SSLContext | None = None) -> AsyncIterator[GitServer]:
    """Serve every repository below `root` on loopback."""
    server = GitServer(root)

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        server.requests.append(request)
        if server.status:
            return web.Response(status=server.status)
        if server.credentials and request.headers.get("Authorization") != _basic(*server.credentials):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        return await _backend(root, request)

    app = web.Application(client_max_size=64 * 1024**2)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        server.url = f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


async def _backend(root: Path, request: web.Request) -> web.Response:
    """One CGI call of `git http-backend` (RFC 3875)."""
    environment = _ENV | {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_USER": USER,
    }
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    answered, _ = await process.communicate(await request.read())
    head, _, body = answered.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    status = int(headers.pop("Status", "200").split(" ")[0])
    return web.Response(status=status, body=body, headers=headers)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
