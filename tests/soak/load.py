"""Clients that keep asking: closed loop or at a given rate, JSON and streams and some mistakes mixed.

As a program, which needs nothing but this file: load.py HOST PORT CLIENTS RATE SECONDS BODY_FILE; its last
line is the tally as JSON.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

JSON, STREAM, MISTAKE, UNACCEPTABLE = "json", "stream", "mistake", "unacceptable"
MIX = (
    JSON,
    STREAM,
    JSON,
    JSON,
    STREAM,
    JSON,
    JSON,
    MISTAKE,
    JSON,
    STREAM,
    JSON,
    JSON,
    UNACCEPTABLE,
    JSON,
    STREAM,
    JSON,
)
STATUS = {JSON: 200, STREAM: 200, MISTAKE: 400, UNACCEPTABLE: 406}
ACCEPT = {STREAM: "text/event-stream", UNACCEPTABLE: "text/html"}
NUMBER = "NUMBER"
"""Where a body has this word, each request has another number: no two are the same."""


@dataclass
class Tally:
    """What became of requests."""

    answered: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """Answers that are not what was asked for, and requests that got none; by what happened."""
    turned_away: int = 0
    """Requests that a server which ends let go without a byte: their connection was refused or closed."""
    slowest: float = 0.0


class Client:
    """One connection, kept alive as long as the server keeps it."""

    def __init__(
        self, port: int, body: str, tally: Tally, ending: asyncio.Event, host: str = "127.0.0.1"
    ) -> None:
        self._host, self._port, self._body = host, port, body
        self._tally, self._ending = tally, ending
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, kind: str) -> bool:
        """Ask once and tally; False once the server takes no more."""
        begun, before = time.monotonic(), not self._ending.is_set()
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(_request(self._body, kind))
            status, content = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            # An idle connection may be closed while a request is on its way: that one was never accepted.
            partial = getattr(error, "partial", b"")
            if self._ending.is_set() and not before and not partial:
                self._tally.turned_away += 1
                return False
            self._tally.wrong[f"{kind}: {type(error).__name__}"] += 1
            return not self._ending.is_set()
        self._tally.slowest = max(self._tally.slowest, time.monotonic() - begun)
        if status != STATUS[kind]:
            self._tally.wrong[f"{kind}: {status}"] += 1
        elif kind == STREAM and (content.count(b"data: ") < 2 or b"event: error" in content):
            self._tally.wrong["stream: not whole"] += 1
        else:
            self._tally.answered[kind] += 1
        return True

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def drive(clients: list[Client], seconds: float, rate: float | None = None) -> int:
    """Let clients ask for some seconds, together `rate` times a second or as fast as they can; how often."""
    begun, asked = time.monotonic(), 0

    async def keep(number: int, client: Client) -> None:
        nonlocal asked
        pause = len(clients) / rate if rate else 0.0
        due, turn = begun + pause * number / len(clients), number
        while time.monotonic() < begun + seconds:
            if rate:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due += pause
            turn += 1
            asked += 1
            if not await client.ask(MIX[turn % len(MIX)]):
                return

    await asyncio.gather(*(keep(number, client) for number, client in enumerate(clients)))
    return asked


def _request(body: str, kind: str) -> bytes:
    text = "{}" if kind == MISTAKE else body.replace(NUMBER, str(random.randrange(10**9, 10**10)))
    sent = text.encode()
    head = (
        f"POST /score HTTP/1.1\r\nhost: soak\r\ncontent-type: application/json\r\n"
        f"accept: {ACCEPT.get(kind, 'application/json')}\r\ncontent-length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length: " in head:
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return status, await reader.readexactly(length)
    content = b""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        content += await reader.readexactly(size + 2)
        if size == 0:
            return status, content


async def main(host: str, port: int, count: int, rate: float, seconds: float, body: str) -> None:
    """Ask and print the tally."""
    tally, ending = Tally(), asyncio.Event()
    clients = [Client(port, body, tally, ending, host) for _ in range(count)]
    asked = await drive(clients, seconds, rate)
    for client in clients:
        await client.close()
    print(json.dumps({"asked": asked, "answered": tally.answered, "wrong": tally.wrong}))


if __name__ == "__main__":
    host, port, count, rate, seconds, body = sys.argv[1:]
    asyncio.run(main(host, int(port), int(count), float(rate), float(seconds), Path(body).read_text()))
