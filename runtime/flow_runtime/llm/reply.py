"""The answer to one request of HTTP/1.1 while it comes in, as llhttp (httptools) reads it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from flow_runtime.llm.http1 import Connection

HEAD_LIMIT = 65_536
BODY_LIMIT = 64 * 2**20
"""Bytes of an answer; what is longer is none."""
BUFFERED_LIMIT = 262_144
"""Bytes of a stream that wait for their reader before the server is made to wait."""


class Reply:
    """The answer to one request while it comes in. Its `on_` methods are called by the parser."""

    def __init__(self, connection: "Connection", streamed: bool) -> None:
        self.headers: dict[str, str] = {}
        self.status = 0
        self._connection = connection
        self._streamed = streamed
        self._parser: httptools.HttpResponseParser | None = _parser(self)
        self._parts: list[bytes] = []
        self._buffered = self._head_bytes = 0
        self._ended = False
        self._error: Exception | None = None
        self._news: asyncio.Future[None] | None = None

    @property
    def touched(self) -> bool:
        """Whether anything of it came."""
        return self._head_bytes > 0

    async def begun(self) -> "Reply":
        """Wait for the head, or for all unless it is streamed. Raises OSError; who gives up closes it."""
        try:
            while not self.status:
                await self._wait()
        except BaseException:
            self.close()
            raise
        return self

    async def read(self) -> bytes:
        """Give the whole body. Raises OSError."""
        while not self._ended:
            self._connection.resume()
            await self._wait()
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
        """Take a field of the head; those after the body, of any number, are not kept."""
        if not self.status:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_message_begin(self) -> None:
        """Take the first byte of an answer."""
        if self.status:
            self._connection.abort()  # more than the answer, which nobody asked for

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        if self.status:
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
        self._buffered += len(part)
        if self._buffered > BODY_LIMIT:
            self.fail(ConnectionError(f"the answer is longer than {BODY_LIMIT // 2**20} MiB"))
        elif self._streamed:
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


def _parser(reply: Reply) -> httptools.HttpResponseParser:
    """Read what clients read by custom, as aiohttp: lone line feeds, folded fields, padded chunk sizes."""
    parser = httptools.HttpResponseParser(reply)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser
