"""One request to one record line. A plain dict on purpose: this runs before every answer.

The shape is `contracts.record.Record`; a unit test holds the two together.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from flow_runtime import json_text
from flow_runtime.contracts.settings import CollectionSettings, ServerSettings
from flow_runtime.flow.run import Run
from flow_runtime.llm.call import Call
from flow_runtime.server.faults import Fault
from flow_runtime.spool import SpoolWriter

NO_JSON = "no_json"
"""Why a record was dropped that cannot be written as JSON."""


class Exchange:
    """One request while it is being answered."""

    __slots__ = (
        "begun",
        "drawn_by",
        "fault",
        "first_byte",
        "id",
        "inputs",
        "outputs",
        "request_id",
        "run",
        "status",
        "streamed",
        "time",
        "trace_id",
        "user",
    )

    def __init__(
        self, request_id: str | None, trace_id: str | None, user: str | None = None, sent_id: bytes = b""
    ) -> None:
        self.begun = time.perf_counter()
        self.time = datetime.now(UTC)
        self.id = uuid7()
        self.request_id = request_id or self.id
        self.drawn_by = sent_id or self.request_id.encode()
        """What the caller sent as an id, shown or not: a retry is drawn as the first try was."""
        self.trace_id = trace_id
        self.user = user
        """As the caller named it; the collector keeps its hash only."""
        self.inputs: bytes | None = None
        """JSON of the inputs, made before a tool can change them; None: nothing that could be recorded."""
        self.outputs: Any = None
        """The outputs, or their JSON as a Fragment."""
        self.run: Run | None = None
        self.fault: Fault | None = None
        self.status = 0
        self.streamed = False
        self.first_byte: float | None = None
        """Seconds to the first byte of a stream; None: the answer goes out whole."""


class Recorder:
    """Writes the records of one pod to the spool."""

    def __init__(
        self, settings: ServerSettings, collection: CollectionSettings, pod: str, spool: SpoolWriter
    ) -> None:
        self._same = identity_of(settings, pod)
        self._capture = collection.capture_nodes
        self._percent = collection.sampling_percent
        self._secrets: dict[str, list[str]] = {}
        self.spool = spool

    def hide(self, inputs: Iterable[str]) -> None:
        """Have the collector take these inputs out of each record, and their values wherever they are."""
        names = sorted(inputs)
        self._secrets = {"secret_inputs": names} if names else {}

    def record(self, exchange: Exchange) -> None:
        """Append an exchange to the spool, or count it as dropped or not drawn; never raises.

        A success that was not drawn is not kept. All failures are.
        """
        if self._percent < 100 and exchange.fault is None and not drawn(exchange.drawn_by, self._percent):
            self.spool.pass_over()
            return
        try:
            line = json_text.write(self._line(exchange))
        except TypeError:  # nested too deeply, for one
            self.spool.drop(NO_JSON)
        else:
            self.spool.append(line)

    def _line(self, exchange: Exchange) -> dict[str, Any]:
        run, fault = exchange.run, exchange.fault
        calls: Sequence[Call] = run.calls if run else ()
        latency = round((time.perf_counter() - exchange.begun) * 1000, 3)
        return {
            "v": 1,
            "id": exchange.id,
            "time": exchange.time,
            **self._same,
            "request_id": exchange.request_id,
            "trace_id": exchange.trace_id,
            "user": exchange.user,
            "inputs": orjson.Fragment(exchange.inputs or b"{}"),
            "outputs": exchange.outputs,
            "nodes": self._nodes(run) if run and self._capture else {},
            "status": exchange.status,
            "error": _error(fault),
            "streamed": exchange.streamed,
            "latency_ms": latency,
            "first_byte_ms": latency if exchange.first_byte is None else round(exchange.first_byte * 1000, 3),
            "tokens": _tokens(calls),
            "calls": [_call(call) for call in calls],
            "sampled": {"percent": self._percent, "why": "error" if fault else "rate"},
            "redacted": {},
            "truncated": [],
            **self._secrets,
        }

    def _nodes(self, run: Run) -> dict[str, Any]:
        return {name: _jsonable(run.values[name]) for name in self._capture if name in run.values}


def drawn(request_id: bytes, percent: int) -> bool:
    """Say whether a request is in the sample: the same on every hop, in every pod, at every try of it.

    The first 8 bytes of SHA-256 of its id, as a number, lie below that share of all such numbers.
    """
    number = int.from_bytes(hashlib.sha256(request_id).digest()[:8])
    return number < percent * 2**64 // 100


def identity_of(settings: ServerSettings, pod: str) -> dict[str, str]:
    """Say whose a line is; the same in each line of a pod."""
    return {
        "namespace": settings.identity.namespace,
        "deployment": settings.identity.deployment,
        "revision": settings.revision,
        "pod": pod,
    }


def uuid7() -> str:
    """Make a UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    text = f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _error(fault: Fault | None) -> dict[str, Any] | None:
    return {"code": fault.name, "message": fault.message, "node": fault.node} if fault else None


def _tokens(calls: Sequence[Call]) -> dict[str, int]:
    return {
        "prompt": sum(call.prompt_tokens for call in calls),
        "completion": sum(call.completion_tokens for call in calls),
    }


def _call(call: Call) -> dict[str, Any]:
    tokens = {"prompt": call.prompt_tokens, "completion": call.completion_tokens}
    return {"node": call.node, "model": call.model, "ms": round(call.ms, 3), "tokens": tokens}


def _jsonable(value: Any) -> Any:
    """Keep a captured output as JSON; one that is none is kept as the name of its type."""
    try:
        return orjson.Fragment(json_text.write(value))
    except TypeError:
        return f"<{type(value).__name__}>"
