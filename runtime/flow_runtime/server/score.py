"""POST /score: one request through the flow to its answer, its record and its metrics."""

import asyncio
import time
from typing import Any

import orjson

from flow_runtime.flow.flow import Flow
from flow_runtime.flow.run import Run
from flow_runtime.server import log
from flow_runtime.server.faults import Fault, RequestRefused, fault_of
from flow_runtime.server.http import (
    BODY_LIMIT,
    JSON,
    BodyTooLarge,
    Disconnected,
    Header,
    Receive,
    Scope,
    Send,
    accepts_json,
    answer,
    error_body,
    read_body,
    request_id,
    trace_id,
)
from flow_runtime.server.recorder import Exchange
from flow_runtime.server.runtime import Runtime

RETRY_SECONDS = 1
_OPTIONS = orjson.OPT_NON_STR_KEYS


class Score:
    """Answers /score."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limit = runtime.settings.max_concurrent_requests
        self._seconds = runtime.settings.request_timeout_seconds
        self._in_flight = 0
        runtime.metrics.in_flight.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, extra: list[Header]) -> None:
        """Answer one request; `extra` headers go with every answer."""
        headers = dict(scope["headers"])
        exchange = Exchange(request_id(headers), trace_id(headers))
        content = b""
        if self._in_flight >= self._limit:
            exchange.fault = Fault(
                429,
                "TooManyRequests",
                "this pod answers as many requests as it may",
                retry_after=RETRY_SECONDS,
            )
        else:
            self._in_flight += 1
            try:
                content = await self._run(exchange, headers, receive)
            except Disconnected:
                return
            except Exception as error:  # noqa: BLE001 - whatever a flow does, its caller gets an answer
                exchange.fault = self._fault(error, exchange)
            finally:
                self._in_flight -= 1
        await self._finish(exchange, content, send, extra)

    async def _run(self, exchange: Exchange, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """Take the request, run the flow, return the answer's JSON."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        async with asyncio.timeout_at(deadline):
            try:
                body = await read_body(receive, headers.get(b"content-length"))
            except BodyTooLarge:
                limit = f"{BODY_LIMIT // 1024 // 1024} MB"
                raise refused(413, "RequestTooLarge", f"the body is over {limit}: send less") from None
            flow = self._runtime.flow
            if flow is None or not self._runtime.ready:
                reason, message = self._runtime.reason
                raise RequestRefused(Fault(503, reason, message, retry_after=RETRY_SECONDS))
            if not accepts_json(headers.get(b"accept")):
                raise refused(406, "NotAcceptable", "this flow answers application/json: accept that")
            given = parse_object(body, flow)
            exchange.inputs = _json(given)
            inputs = flow.take_inputs(given)
            exchange.inputs = _json(inputs)
            run = exchange.run = Run(inputs, self._runtime.services, deadline)
            outputs = await flow.run(run)
        return _outputs(exchange, flow, outputs)

    async def _finish(self, exchange: Exchange, content: bytes, send: Send, extra: list[Header]) -> None:
        fault = exchange.fault
        exchange.status = fault.status if fault else 200
        headers = [JSON, (b"x-request-id", exchange.request_id.encode()), *extra]
        if fault is not None:
            content = orjson.dumps(error_body(fault.code, fault.message))
            if fault.retry_after is not None:
                headers.append((b"retry-after", str(fault.retry_after).encode()))
            if fault.status == 413:
                headers.append((b"connection", b"close"))  # the rest of the body is not read
        if self._runtime.recorder is not None and exchange.inputs is not None:
            self._runtime.recorder.record(exchange)
        self._runtime.metrics.request(exchange.status, time.perf_counter() - exchange.begun, exchange.run)
        await answer(send, exchange.status, content, headers)

    def _fault(self, error: Exception, exchange: Exchange) -> Fault:
        fault = fault_of(error, exchange.run, self._seconds)
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


def parse_object(body: bytes, flow: Flow) -> dict[str, Any]:
    """Read a body as the JSON object of a flow's inputs. Raises RequestRefused (400)."""
    if not flow.inputs:
        return {}
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if body else "it is empty"
        raise refused(400, "InvalidJSON", f"the body must be a JSON object of inputs: {place}") from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise refused(
            400, "InvalidJSON", "the body must be a JSON object of inputs, not a list, text or number"
        )
    return given


def refused(status: int, name: str, message: str) -> RequestRefused:
    """Make the refusal of a request."""
    return RequestRefused(Fault(status, name, message))


def _json(inputs: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(inputs)
    except TypeError as error:  # parsed from JSON, so it can only be too deep
        raise RecursionError from error


def _outputs(exchange: Exchange, flow: Flow, outputs: dict[str, Any]) -> bytes:
    """Turn outputs into the answer's JSON and the record's: those for evaluation only are not answered."""
    hidden = flow.hidden
    answered = {name: value for name, value in outputs.items() if name not in hidden} if hidden else outputs
    try:
        content = orjson.dumps(answered, option=_OPTIONS)
        kept = orjson.dumps(outputs, option=_OPTIONS) if hidden else content
    except TypeError as error:
        message = f"the flow ran, and its outputs cannot be written as JSON: {error}"
        raise refused(500, "OutputNotSerializable", message) from error
    exchange.outputs = orjson.Fragment(kept)
    return content
