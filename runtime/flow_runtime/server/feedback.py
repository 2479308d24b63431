"""POST /feedback: what users think of an answer goes into a spool of its own, beside the records."""

import asyncio
from datetime import UTC, datetime

import orjson

from flow_runtime.contracts.settings import ServerSettings
from flow_runtime.server.http import (
    BodyTooLarge,
    Disconnected,
    Header,
    Receive,
    Scope,
    Send,
    answer_json,
    error_body,
    read_body,
    trace_id,
)
from flow_runtime.server.recorder import identity_of, uuid7
from flow_runtime.server.request_ids import sent_id, shown_id
from flow_runtime.spool import SpoolWriter


class FeedbackBox:
    """Takes feedback; without a spool it is taken and kept nowhere, as upstream does without tracing."""

    def __init__(self, settings: ServerSettings, pod: str, spool: SpoolWriter | None) -> None:
        self._same = identity_of(settings, pod)
        self._limit = settings.body_limit_bytes
        self._seconds = settings.request_timeout_seconds
        self._spool = spool

    async def __call__(self, scope: Scope, receive: Receive, send: Send, extra: list[Header]) -> None:
        """Answer one feedback."""
        headers = dict(scope["headers"])
        try:
            async with asyncio.timeout(self._seconds):
                body = await read_body(receive, headers.get(b"content-length"), self._limit)
        except Disconnected:
            return
        except TimeoutError:
            await answer_json(send, 408, error_body("UserError", "the body did not come in time"), *extra)
            return
        except BodyTooLarge:
            close = (b"connection", b"close")
            await answer_json(send, 413, error_body("UserError", "the feedback is too large"), close, *extra)
            return
        if self._spool is not None and not self._spool.append(self._line(headers, body)):
            message = "the feedback cannot be kept now: try again later"
            await answer_json(send, 503, error_body("SystemError", message), *extra)
            return
        await answer_json(send, 200, {"status": "Feedback received."}, *extra)

    def _line(self, headers: dict[bytes, bytes], body: bytes) -> bytes:
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            said = body.decode("utf-8", "replace")
        return orjson.dumps(
            {
                "v": 1,
                "id": uuid7(),
                "time": datetime.now(UTC),
                **self._same,
                "request_id": shown_id(sent_id(headers)),
                "trace_id": trace_id(headers),
                "feedback": said,
                "redacted": {},
                "truncated": [],
            }
        )
