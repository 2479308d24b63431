"""POST /score: one request through the flow to its answer, its record and its metrics."""

import asyncio
import time
from typing import Any

import orjson

from flow_runtime import json_text
from flow_runtime.contracts.settings import Errors
from flow_runtime.flow.run import Run
from flow_runtime.server import log
from flow_runtime.server.accept import Form, choose, not_acceptable
from flow_runtime.server.body import given_inputs
from flow_runtime.server.faults import CLIENT_GONE, Fault, RequestRefused, fault_of, refused
from flow_runtime.server.http import (
    JSON,
    BodyTooLarge,
    Disconnected,
    Header,
    Receive,
    Scope,
    Send,
    answer,
    error_body,
    read_body,
    trace_id,
    user,
)
from flow_runtime.server.outputs import whole
from flow_runtime.server.recorder import Exchange
from flow_runtime.server.request_ids import sent_id, shown_id
from flow_runtime.server.runtime import Runtime
from flow_runtime.server.streaming import has_stream, join_streams, send_end, send_error, stream
from flow_runtime.server.watch import ClientWatch

RETRY_SECONDS = 1
MIB = 1024 * 1024


class Score:
    """Answers /score."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limit = runtime.settings.max_concurrent_requests
        self._seconds = runtime.settings.request_timeout_seconds
        self._body_limit = runtime.settings.body_limit_bytes
        self._strict = runtime.settings.errors is Errors.STRICT
        collection = runtime.settings.collection
        self._user_header = collection.user.lower().encode() if collection else b""
        self._in_flight = 0
        runtime.metrics.in_flight.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, extra: list[Header]) -> None:
        """Answer one request; `extra` headers go with every answer."""
        headers = dict(scope["headers"])
        sent = sent_id(headers)
        exchange = Exchange(shown_id(sent), trace_id(headers), user(headers, self._user_header), sent)
        extra = [(b"x-request-id", exchange.request_id.encode()), *extra]
        if self._in_flight >= self._limit:
            message = "this pod answers as many requests as it may"
            exchange.fault = Fault(429, "TooManyRequests", message, retry_after=RETRY_SECONDS)
            await self._finish(exchange, b"", send, extra)
            return
        self._in_flight += 1
        try:
            await self._serve(exchange, headers, receive, send, extra)
        finally:
            self._in_flight -= 1

    async def _serve(
        self,
        exchange: Exchange,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        extra: list[Header],
    ) -> None:
        """Answer a request that was let in; whatever happens on the way ends as a Fault here."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        content = b""
        try:
            async with asyncio.timeout_at(deadline):
                run, form = await self._take(exchange, headers, receive, deadline)
                with ClientWatch(receive):
                    content = await self._run(exchange, run, form, send, extra)
        except Disconnected:
            if exchange.run is None:
                return
            exchange.fault = Fault(CLIENT_GONE, "ClientGone", "the client went away before its answer")
        except Exception as error:  # noqa: BLE001 - whatever a flow does, its caller gets an answer
            exchange.fault = self._fault(error, exchange)
        if exchange.streamed:
            await self._finish_stream(exchange, send)
        else:
            await self._finish(exchange, content, send, extra)

    async def _take(
        self, exchange: Exchange, headers: dict[bytes, bytes], receive: Receive, deadline: float
    ) -> tuple[Run, Form]:
        """Read the request and decide on the form of its answer, before anything is spent on it."""
        try:
            body = await read_body(receive, headers.get(b"content-length"), self._body_limit)
        except BodyTooLarge:
            limit = f"{self._body_limit / MIB:g} MB"
            raise refused(413, "RequestTooLarge", f"the body is over {limit}: send less") from None
        served = self._runtime.served
        if served is None or not self._runtime.ready:
            reason, message = self._runtime.reason
            raise RequestRefused(Fault(503, reason, message, retry_after=RETRY_SECONDS))
        form = _form(headers.get(b"accept"), served.streams)
        given = given_inputs(body, served.flow)
        exchange.inputs = _json(given)
        inputs = served.flow.take_inputs(given)
        exchange.inputs = _json(inputs)
        exchange.run = Run(
            inputs, self._runtime.services, deadline, form is not Form.JSON, exchange.request_id
        )
        return exchange.run, form

    async def _run(self, exchange: Exchange, run: Run, form: Form, send: Send, extra: list[Header]) -> bytes:
        """Run the flow; returns the answer's JSON, or sends all but the end of a stream."""
        served = self._runtime.served
        assert served is not None  # noqa: S101 - a run is only made for a flow
        outputs = await served.flow.run(run)
        if form is Form.STREAM or (form is Form.EITHER and has_stream(outputs, served.hidden)):
            await stream(exchange, outputs, served.hidden, send, extra)
            return b""
        if form is Form.EITHER:
            await join_streams(outputs)
        return whole(exchange, outputs, served.hidden)

    async def _finish(self, exchange: Exchange, content: bytes, send: Send, extra: list[Header]) -> None:
        fault = exchange.fault
        exchange.status = fault.status if fault else 200
        headers = [JSON, *extra]
        if fault is not None:
            content = orjson.dumps(error_body(fault.code, fault.message))
            if fault.retry_after is not None:
                headers.append((b"retry-after", str(fault.retry_after).encode()))
            if fault.status == 413:
                headers.append((b"connection", b"close"))  # the rest of the body is not read
        self._account(exchange)
        await answer(send, exchange.status, content, headers)

    async def _finish_stream(self, exchange: Exchange, send: Send) -> None:
        exchange.status = 200
        if exchange.fault is not None:
            await send_error(send, error_body(exchange.fault.code, exchange.fault.message))
        self._account(exchange)
        await send_end(send)

    def _account(self, exchange: Exchange) -> None:
        """Record and count, before the last byte."""
        if self._runtime.recorder is not None and exchange.inputs is not None:
            self._runtime.recorder.record(exchange)
        seconds = time.perf_counter() - exchange.begun
        first_byte = seconds if exchange.first_byte is None else exchange.first_byte
        status = exchange.fault.status if exchange.fault else exchange.status
        self._runtime.metrics.request(status, seconds, first_byte, exchange.run)

    def _fault(self, error: Exception, exchange: Exchange) -> Fault:
        fault = fault_of(error, exchange.run, self._seconds, self._strict)
        if fault is None:
            fault = Fault(500, "InternalError", "something in the server went wrong; its log says where")
            log.LOGGER.error(
                "a request failed for a reason nobody has thought of",
                exc_info=error,
                extra={"fields": {"request_id": exchange.request_id}},
            )
        elif fault.status >= 500 and self._runtime.ready:
            log.problem(
                "a request failed",
                status=fault.status,
                error=fault.name,
                node=fault.node,
                request_id=exchange.request_id,
                trace_id=exchange.trace_id,
            )
        return fault


def _form(accept: bytes | None, streams: frozenset[str]) -> Form:
    form = choose(accept, bool(streams))
    if form is None:
        raise refused(406, "NotAcceptable", not_acceptable(accept or b"", bool(streams)))
    if form is not Form.JSON and len(streams) > 1:
        message = "Multiple stream output fields not supported."
        raise refused(400, "MultipleStreamOutputFieldsNotSupported", message)
    return form


def _json(inputs: dict[str, Any]) -> bytes:
    try:
        return json_text.write(inputs)
    except TypeError as error:  # parsed from JSON, so it can only be too deep
        raise RecursionError from error
