"""An HTTP proxy that fails as stores do. Runs in a pod or beside a test; needs nothing but Python.

store_proxy.py LISTEN CONTROL UPSTREAM (each HOST:PORT): requests to LISTEN go to UPSTREAM as they are, so
that a signature that covers the host stays true. `PUT /<mode>` to CONTROL changes the mode for the requests
that come from then on; `GET /` there gives the mode and how many requests each one has had, as JSON.

ok        passes on
503       reads the request and answers SlowDown
hang      accepts and never answers, until the mode changes
reset     cuts the connection by RST
slow      passes on at 64 KiB a second
truncate  passes half of the body on, then cuts both sides: the upstream has half an object
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
from collections import Counter

MODES = ("ok", "503", "hang", "reset", "slow", "truncate")
PIECE, SLOW_BYTES_PER_SECOND = 64 * 1024, 64 * 1024
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
EXPECT = re.compile(rb"\r\nexpect: *100-continue\r\n", re.IGNORECASE)
SLOW_DOWN = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>'

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CutError(Exception):
    """This connection is over."""


class Proxy:
    """All connections and the mode that they share."""

    def __init__(self, host: str, port: int) -> None:
        self.mode = "ok"
        self.requests: Counter[str] = Counter()
        self._upstream = host, port
        self._changed = asyncio.Event()

    def change(self, mode: str) -> None:
        """Go on in another mode; who hangs is let go."""
        self.mode = mode
        self._changed.set()
        self._changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests, each by the mode of its moment."""
        upstream = None
        with contextlib.suppress(CutError, OSError, asyncio.IncompleteReadError):
            upstream = await asyncio.open_connection(*self._upstream)
            back = asyncio.create_task(pump(upstream[0], writer))
            try:
                while True:
                    await self._request((reader, writer), upstream[1])
            finally:
                back.cancel()
        for each in (writer, *([upstream[1]] if upstream else [])):
            each.transport.abort()

    async def _request(self, client: Pair, upstream: asyncio.StreamWriter) -> None:
        head = await client[0].readuntil(b"\r\n\r\n")
        found = LENGTH.search(head)
        length, mode = int(found[1]) if found else 0, self.mode
        self.requests[mode] += 1
        if mode == "hang":
            await self._changed.wait()
            raise CutError
        if mode == "reset":
            linger = struct.pack("ii", 1, 0)
            client[1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise CutError
        if mode == "503":
            await slow_down(client, head, length)
            return
        upstream.write(head)
        await self._body(client[0], upstream, length, mode)

    async def _body(
        self, client: asyncio.StreamReader, upstream: asyncio.StreamWriter, length: int, mode: str
    ) -> None:
        left = length // 2 if mode == "truncate" else length
        while left:
            piece = await client.readexactly(min(left, PIECE))
            upstream.write(piece)
            await upstream.drain()
            left -= len(piece)
            if mode == "slow":
                await asyncio.sleep(len(piece) / SLOW_BYTES_PER_SECOND)
        if mode == "truncate" and length:
            await asyncio.sleep(0.2)  # for the upstream to have read its half
            raise CutError

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of whoever makes the faults."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            method, path, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
            wanted = path.strip("/")
            status = "200 OK" if method == "GET" or wanted in MODES else "404 Not Found"
            if method == "PUT" and wanted in MODES:
                self.change(wanted)
            body = json.dumps({"mode": self.mode, "requests": self.requests}).encode()
            writer.write(response(status, body))
            await writer.drain()
        writer.close()


async def slow_down(client: Pair, head: bytes, length: int) -> None:
    """Take the whole request, as stores do, and refuse it."""
    if EXPECT.search(head):
        client[1].write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await client[0].readexactly(length)
    client[1].write(response("503 Slow Down", b"" if head.startswith(b"HEAD ") else SLOW_DOWN))
    await client[1].drain()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass the upstream's answers on."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


def response(status: str, body: bytes) -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def place(text: str) -> tuple[str, int]:
    """HOST:PORT."""
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main(listen: str, control: str, upstream: str) -> None:
    """Serve until killed."""
    proxy = Proxy(*place(upstream))
    await asyncio.start_server(proxy.serve, *place(listen))
    server = await asyncio.start_server(proxy.control, *place(control))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
