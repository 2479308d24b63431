"""One connection of HTTP/1.1 as a client: a request is written, llhttp (httptools) reads the answer.

No more of HTTP than a JSON API needs: a body of known length goes out; no redirects, compression, cookies.
The general clients cost more than all the rest of a request: aiohttp twice as much CPU as this.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import cast

import httptools

HEAD_LIMIT = 65_536
BUFFERED_LIMIT = 262_144
"""Bytes of a stream that wait for their reader before the server is made to wait."""


class Reply:
    """The answer to one request while it comes in. Its `on_` methods are called by the parser."""

    def __init__(self, connection: "Connection", streamed: bool) -> None:
        self.headers: dict[str, str] = {}
        self.status = 0
        self._connection = connection
        self._streamed = streamed
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._buffered = self._head_bytes = 0
        self._ended = False
        self._error: Exception | None = None
        self._news: asyncio.Future[None] | None = None

    async def begun(self) -> None:
        """Wait for the head. Raises OSError."""
        while not self.status:
            await self._wait()

    async def read(self) -> bytes:
        """Give the whole body. Raises OSError."""
        while not self._ended:
            await self._wait()
            if self._streamed:
                self._connection.resume()
        if self._error is not None:
            raise self._error
        return b"".join(self._parts)

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes. Raises OSError."""
        while True:
            parts, self._parts = self._parts, []
            if parts:
                self._buffered = 0
                self._connection.resume()
                yield b"".join(parts)
            elif self._error is not None:
                raise self._error
            elif self._ended:
                return
            else:
                await self._wait()

    def close(self) -> None:
        """Give it up: a connection with an unread rest is of no use, and its end is the server's to know."""
        if not self._ended:
            self._ended = True
            self._connection.abort()
        self._parser = None  # it holds this object, too: what is done must not wait for the collector

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        self._news = asyncio.get_running_loop().create_future()
        try:
            await self._news
        finally:
            self._news = None
        if self._error is not None:
            raise self._error

    def feed(self, data: bytes) -> None:
        """Take what came."""
        parser = self._parser
        if parser is None:
            return
        if not self.status:
            self._head_bytes += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(ConnectionError("what came is no answer of HTTP/1.1"))
        if not self.status and self._head_bytes > HEAD_LIMIT:
            self.fail(ConnectionError("the head of the answer has no end"))

    def lost(self, error: Exception | None) -> None:
        """Take the connection's end, which is that of the body where nothing else says it."""
        if self._ended:
            return
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        if self.status and not framed and error is None:
            self._ended = True
            self._wake()
        else:
            self.fail(error or ConnectionError("the connection was closed before the answer's end"))

    def fail(self, error: Exception) -> None:
        """End it by an error."""
        if not self._ended:
            self._error, self._ended = error, True
            self._connection.abort()
            self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        if self.status:
            self._connection.abort()  # a second answer, which nobody asked for
            return
        status = self._parser.get_status_code() if self._parser else 0
        if status < 200:
            self.headers.clear()  # 100 and 103 come before the answer
            return
        self.status = status
        if self._streamed:
            self._wake()

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        if self._ended:
            return
        self._parts.append(part)
        if self._streamed:
            self._buffered += len(part)
            if self._buffered > BUFFERED_LIMIT:
                self._connection.pause()
            self._wake()

    def on_message_complete(self) -> None:
        """Take the end of the body."""
        if self.status and not self._ended:
            self._ended = True
            self._connection.answered(self._parser is not None and self._parser.should_keep_alive())
            self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Connection(asyncio.Protocol):
    """A connection that asks one thing after the other; `free` is called when it may be asked again."""

    transport: asyncio.Transport

    def __init__(self, free: Callable[["Connection"], None]) -> None:
        self._free = free
        self._reply: Reply | None = None
        self._paused = False

    @property
    def usable(self) -> bool:
        """Whether it can be asked."""
        return not self.transport.is_closing()

    def ask(self, request: bytes, streamed: bool = False) -> Reply:
        """Send a request."""
        self._reply = reply = Reply(self, streamed)
        self.transport.write(request)
        return reply

    def answered(self, keep: bool) -> None:
        """Take the end of an answer."""
        self._reply = None
        self.resume()
        if keep:
            self._free(self)
        else:
            self.transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._reply = None
        self.transport.abort()

    def pause(self) -> None:
        """Make the server wait."""
        if not self._paused and self.usable:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            if self.usable:
                self.transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, from the loop or after a tunnel was made."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._reply is None:
            self.transport.abort()  # nobody asked
        else:
            self._reply.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.lost(error)
