"""The ASGI application: which path of which port goes where. Clients never get to the metrics port."""

import html
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from flow_runtime.contracts.base import STATE_LIMIT
from flow_runtime.contracts.state import PodState
from flow_runtime.server.feedback import FeedbackBox
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
OPEN_METRICS = b"application/openmetrics-text"
HTML = (b"content-type", b"text/html; charset=utf-8")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
_READ = ("GET", "HEAD")
Endpoint = Callable[[Send], Awaitable[None]]


class App:
    """Routes by the port that a connection came in on."""

    def __init__(self, runtime: Runtime, metrics_port: int) -> None:
        self._runtime = runtime
        self._metrics_port = metrics_port
        self._score = Score(runtime)
        self._feedback = FeedbackBox(runtime.settings, runtime.pod, runtime.feedback)
        self.draining = False
        """Once set, every answer asks its client to close the connection."""
        self._public: dict[str, tuple[tuple[str, ...], Endpoint]] = {
            "/health": (_READ, self._health),
            "/version": (_READ, self._version),
            "/swagger.json": (_READ, self._swagger),
            "/": ((*_READ, "POST"), self._page),
        }
        self._inner: dict[str, Endpoint] = {
            "/metrics": self._metrics,
            "/state": self._state,
            "/livez": self._livez,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if scope["server"] is not None and scope["server"][1] == self._metrics_port:
            await self._answer_inner(scope, send)
        elif path == "/score" and method == "POST":
            await self._score(scope, receive, send, self._extra)
        elif path == "/feedback" and method == "POST":
            await self._feedback(scope, receive, send, self._extra)
        elif method == "OPTIONS":
            await self._preflight(scope, send)
        else:
            methods, endpoint = self._public.get(path, ((), self._page))
            if method in methods:
                await endpoint(send)
            else:
                await self._not_found(send, path, method)

    @property
    def _extra(self) -> list[Header]:
        return [ANY_ORIGIN, (b"connection", b"close")] if self.draining else [ANY_ORIGIN]

    async def _answer_inner(self, scope: Scope, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        endpoint = self._inner.get(path)
        if endpoint is None:
            await answer_json(send, 404, error_body("UserError", f"there is no '{path[:100]}' here"))
        elif method not in _READ:
            message = f"{method[:20]} is not allowed here, GET is"
            await answer_json(send, 405, error_body("UserError", message), (b"allow", b"GET"))
        elif path == "/metrics" and OPEN_METRICS in dict(scope["headers"]).get(b"accept", b""):
            await self._open_metrics(send)
        else:
            await endpoint(send)

    async def _not_found(self, send: Send, path: str, method: str) -> None:
        """Upstream's answer to an unknown path and to a wrong method alike."""
        message = (
            f"The requested api {path.removeprefix('/')[:200]!r} with {method[:20]} is not supported by "
            "current app, if you entered the URL manually please check your spelling and try again."
        )
        await answer(send, 404, html.escape(message, quote=False).encode(), [HTML, *self._extra])

    async def _preflight(self, scope: Scope, send: Send) -> None:
        """Let a browser's page of any origin call: there are no cookies here that it could misuse."""
        wanted = dict(scope["headers"]).get(b"access-control-request-headers", b"*")
        allowed = [
            (b"access-control-allow-methods", b"GET, HEAD, OPTIONS, POST"),
            (b"access-control-allow-headers", wanted),
        ]
        await answer(send, 200, b"", [*allowed, *self._extra])

    async def _health(self, send: Send) -> None:
        reason, message = self._runtime.reason
        if self._runtime.ready:
            await answer_json(send, 200, {"status": "Healthy", "version": VERSION}, *self._extra)
        else:
            body = {"status": "Unhealthy", "version": VERSION, "reason": reason, "message": message}
            await answer_json(send, 503, body, *self._extra)

    async def _version(self, send: Send) -> None:
        build_info = os.environ.get("BUILD_INFO", "")
        body = {
            "status": "Healthy",
            "build_info": build_info,
            "version": build_number(build_info) or VERSION,
            "revision": self._runtime.settings.revision,
        }
        await answer_json(send, 200, body, *self._extra)

    async def _swagger(self, send: Send) -> None:
        if self._runtime.served is not None:
            await answer_json(send, 200, self._runtime.served.swagger, *self._extra)
        else:
            _, message = self._runtime.reason
            await answer_json(send, 503, error_body("SystemError", message), *self._extra)

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

    async def _open_metrics(self, send: Send) -> None:
        kind = OPEN_METRICS + b"; version=1.0.0; charset=utf-8"
        await answer(send, 200, self._runtime.metrics.open_metrics(), [(b"content-type", kind)])

    async def _state(self, send: Send) -> None:
        await answer(send, 200, state_json(self._runtime.state()), [JSON])

    async def _livez(self, send: Send) -> None:
        await answer_json(send, 200, {"status": "alive"})


def build_number(build_info: str) -> str:
    """Take `build_number` out of the BUILD_INFO of an image; "" if it has none."""
    try:
        return str(json.loads(build_info)["build_number"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def state_json(state: PodState) -> bytes:
    """Render a state in at most STATE_LIMIT bytes; a flow of very many inputs is left out before that."""
    text = state.model_dump_json().encode()
    if len(text) > STATE_LIMIT:
        text = state.model_copy(update={"flow": None}).model_dump_json().encode()
    return text[:STATE_LIMIT]
