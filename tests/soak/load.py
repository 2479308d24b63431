"""Clients that keep asking: closed loop or at a given rate, JSON and streams and some mistakes mixed."""

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field

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

    def __init__(self, port: int, body: str, tally: Tally, ending: asyncio.Event) -> None:
        self._port, self._tally, self._ending = port, tally, ending
        self._requests = {kind: _request(body, kind) for kind in STATUS}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, kind: str) -> bool:
        """Ask once and tally; False once the server takes no more."""
        begun, before = time.monotonic(), not self._ending.is_set()
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(self._requests[kind])
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
    sent = "{}" if kind == MISTAKE else body
    head = (
        f"POST /score HTTP/1.1\r\nhost: soak\r\ncontent-type: application/json\r\n"
        f"accept: {ACCEPT.get(kind, 'application/json')}\r\ncontent-length: {len(sent.encode())}\r\n\r\n"
    )
    return head.encode() + sent.encode()


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
