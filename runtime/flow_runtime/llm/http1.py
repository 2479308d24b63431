"""One connection of HTTP/1.1 as a client: a request is written, llhttp (httptools) reads the answer.

No more of HTTP than a JSON API needs: a body of known length goes out; no redirects, compression, cookies.
The general clients cost more than all the rest of a request: aiohttp twice as much CPU as this.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from flow_runtime.llm.reply import Reply


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
        if keep and not self.transport.get_write_buffer_size():
            self._free(self)
        else:  # an answer before the request's end: the server may never read the rest
            self.transport.abort()

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
