"""The ASGI application: which path of which port goes where. Clients never get to the metrics port."""

import secrets
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from flow_runtime.contracts.base import STATE_LIMIT
from flow_runtime.contracts.state import PodState
from flow_runtime.server.http import (
    JSON,
    Header,
    Receive,
    Scope,
    Send,
    answer,
    answer_json,
    error_body,
)
from flow_runtime.server.page import render_page
from flow_runtime.server.runtime import Runtime
from flow_runtime.server.score import Score

VERSION = version("flow-operator")
EXPOSITION = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
HTML = (b"content-type", b"text/html; charset=utf-8")


class App:
    """Routes by the port that a connection came in on."""

    def __init__(self, runtime: Runtime, metrics_port: int) -> None:
        self._runtime = runtime
        self._metrics_port = metrics_port
        self._score = Score(runtime)
        self.draining = False
        """Once set, every answer asks its client to close the connection."""
        self._public: dict[str, Callable[[Send], Awaitable[None]]] = {
            "/health": self._health,
            "/version": self._version,
            "/": self._page,
        }
        self._inner: dict[str, Callable[[Send], Awaitable[None]]] = {
            "/metrics": self._metrics,
            "/state": self._state,
            "/livez": self._livez,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        inner = scope["server"] is not None and scope["server"][1] == self._metrics_port
        path, method = scope["path"], scope["method"]
        if not inner and path == "/score":
            if method == "POST":
                await self._score(scope, receive, send, self._extra)
            else:
                await self._not_allowed(send, method, b"POST")
            return
        endpoint = (self._inner if inner else self._public).get(path)
        if endpoint is None:
            message = f"there is no '{path[:100]}' here"
            await answer_json(send, 404, error_body("UserError", message), *self._extra)
        elif method not in ("GET", "HEAD"):
            await self._not_allowed(send, method, b"GET")
        else:
            await endpoint(send)

    @property
    def _extra(self) -> list[Header]:
        return [(b"connection", b"close")] if self.draining else []

    async def _not_allowed(self, send: Send, method: str, allowed: bytes) -> None:
        message = f"{method[:20]} is not allowed here, {allowed.decode()} is"
        await answer_json(send, 405, error_body("UserError", message), (b"allow", allowed), *self._extra)

    async def _health(self, send: Send) -> None:
        reason, message = self._runtime.reason
        if self._runtime.ready:
            await answer_json(send, 200, {"status": "Healthy", "version": VERSION}, *self._extra)
        else:
            body = {"status": "Unhealthy", "version": VERSION, "reason": reason, "message": message}
            await answer_json(send, 503, body, *self._extra)

    async def _version(self, send: Send) -> None:
        body = {"status": "Healthy", "version": VERSION, "revision": self._runtime.settings.revision}
        await answer_json(send, 200, body, *self._extra)

    async def _page(self, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        body = render_page(self._runtime, nonce).encode()
        await answer(send, 200, body, [HTML, (b"content-security-policy", policy.encode()), *self._extra])

    async def _metrics(self, send: Send) -> None:
        await answer(send, 200, self._runtime.metrics.exposition(), [EXPOSITION])

    async def _state(self, send: Send) -> None:
        await answer(send, 200, state_json(self._runtime.state()), [JSON])

    async def _livez(self, send: Send) -> None:
        await answer_json(send, 200, {"status": "alive"})


def state_json(state: PodState) -> bytes:
    """Render a state in at most STATE_LIMIT bytes; a flow of very many inputs is left out before that."""
    text = state.model_dump_json().encode()
    if len(text) > STATE_LIMIT:
        text = state.model_copy(update={"flow": None}).model_dump_json().encode()
    return text[:STATE_LIMIT]
