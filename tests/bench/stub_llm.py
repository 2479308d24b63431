"""A chat API that always says the same, as late as it is told to. Prints its port. stub_llm.py [HOST PORT]

`GET /latency/<milliseconds>` sets how late; `GET /open` tells how many requests wait for their answer.
It costs 13 µs of CPU a request (20,000 requests/s on a CPU of its own): no subject comes near.
"""

import asyncio
import json
import sys
from typing import cast

import uvloop

TEXT = "A pod stays pending while no node has room for what it asks. Look at its events first. " * 4
PIECES = TEXT.split(" ")[:16]
"""What a stream says, all at once when its time has come."""


def _json_answer() -> bytes:
    body = json.dumps(
        {
            "id": "stub",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "stub",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 60, "completion_tokens": 90, "total_tokens": 150},
        }
    ).encode()
    return _head("application/json", f"content-length: {len(body)}") + body


def _stream_answer() -> bytes:
    parts = [
        _event({"index": 0, "delta": {"content": f"{piece} "}, "finish_reason": None}) for piece in PIECES
    ]
    parts += [_event({"index": 0, "delta": {}, "finish_reason": "stop"}), b"data: [DONE]\n\n"]
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
    return _head("text/event-stream", "transfer-encoding: chunked") + chunks + b"0\r\n\r\n"


def _event(choice: dict[str, object]) -> bytes:
    chunk = {"id": "stub", "object": "chat.completion.chunk", "created": 1700000000, "model": "stub"}
    return f"data: {json.dumps(chunk | {'choices': [choice]})}\n\n".encode()


def _head(content_type: str, framing: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n".encode()


JSON_ANSWER, STREAM_ANSWER = _json_answer(), _stream_answer()


class Stub(asyncio.Protocol):
    """Answers each request of a connection in turn."""

    latency = 0.0
    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._buffer = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        if head.startswith(b"GET "):
            self._buffer = b""
            self._control(head.split(b" ", 2)[1].decode())
        elif len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            self._buffer = b""
            streamed = b'"stream":true' in body.replace(b" ", b"")
            self._answer(STREAM_ANSWER if streamed else JSON_ANSWER)

    def _answer(self, answer: bytes) -> None:
        if Stub.latency:
            Stub.open += 1
            asyncio.get_running_loop().call_later(Stub.latency, self._late, answer)
        else:
            self._transport.write(answer)

    def _late(self, answer: bytes) -> None:
        Stub.open -= 1
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _control(self, path: str) -> None:
        if path.startswith("/latency/"):
            Stub.latency = int(path.rpartition("/")[2]) / 1000
        body = str(Stub.open)
        self._transport.write((_head("text/plain", f"content-length: {len(body)}")) + body.encode())


async def main(host: str = "127.0.0.1", port: str = "0") -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Stub, host, int(port), backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
