"""What comes back over HTTP/1.1, in whatever pieces it comes, and what is no answer."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_runtime.llm.http1 import BUFFERED_LIMIT, HEAD_LIMIT, Connection, Reply
from flow_runtime.llm.pool import Pool
from flow_runtime.llm.proxies import Proxies

BODY = b'{"choices": []}'
ANSWERS = {
    "of a length": b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n" + BODY,
    "in chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n"
    + BODY[:5]
    + b"\r\na\r\n"
    + BODY[5:]
    + b"\r\n0\r\n\r\n",
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n" + BODY,
    "to the end": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + BODY,
}
BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-x\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "half a body": b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{",
    "half a chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\ncontent-length: 3\r\n\r\n" + BODY,
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * HEAD_LIMIT,
}


class Line(asyncio.Transport):
    """The stub of a transport: keeps what was written and done."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closing, self.paused = b"", False, False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def asked(streamed: bool = False) -> tuple[Connection, Line, Reply, list[Connection]]:
    free: list[Connection] = []
    connection, line = Connection(free.append), Line()
    connection.connection_made(line)
    return connection, line, connection.ask(b"POST", streamed), free


async def body_of(reply: Reply, streamed: bool) -> bytes:
    if not streamed:
        return await reply.read()
    await reply.begun()
    return b"".join([part async for part in reply.parts()])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ANSWERS)), st.lists(st.integers(1, 60), max_size=20), st.booleans())
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    kind: str, sizes: list[int], streamed: bool
) -> None:
    async def run() -> None:
        connection, line, reply, free = asked(streamed)
        reading = asyncio.create_task(body_of(reply, streamed))
        left = ANSWERS[kind]
        for size in [*sizes, len(left)]:
            if left[:size]:
                connection.data_received(left[:size])
            left = left[size:]
            await asyncio.sleep(0)
        if kind == "to the end":
            connection.connection_lost(None)
        assert await asyncio.wait_for(reading, 1) == BODY
        assert (reply.status, "link" in reply.headers) == (200, False)
        assert free == ([] if kind == "to the end" else [connection])
        assert not line.closing or kind == "to the end"

    asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_no_whole_answer_is_an_error_and_ends_the_connection(kind: str, streamed: bool) -> None:
    connection, line, reply, free = asked(streamed)
    if BROKEN[kind]:
        connection.data_received(BROKEN[kind])
    connection.connection_lost(None)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(body_of(reply, streamed), 1)
    assert (free, line.closing) == ([], True)


async def test_a_second_answer_that_nobody_asked_for_is_not_taken_for_ours() -> None:
    connection, line, reply, _ = asked()
    connection.data_received(ANSWERS["of a length"] + b"HTTP/1.1 500 No\r\ncontent-length: 1\r\n\r\nx")
    assert (await reply.read(), reply.status) == (BODY, 200)
    assert line.closing
    connection, line, reply, _ = asked()
    connection.data_received(ANSWERS["of a length"])
    connection.data_received(ANSWERS["of a length"])
    assert (await reply.read(), line.closing) == (BODY, True)


async def test_a_server_that_sends_faster_than_is_read_is_made_to_wait() -> None:
    connection, line, reply, _ = asked(streamed=True)
    connection.data_received(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"x" * (BUFFERED_LIMIT + 1)
    )
    assert line.paused
    parts = reply.parts()
    assert len(await anext(parts)) == BUFFERED_LIMIT + 1
    assert not line.paused
    reply.close()
    assert line.closing


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://llm/v1", {}),
        ("http://me:pass@llm/v1", {}),
        ("http:///v1", {}),
        ("http://llm/v1", {"api-key": "a\r\nhost: other"}),
        ("http://llm/v1", {"api-key": "a\nb"}),
        ("http://llm/v1", {"api-key": "\u2713"}),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"line break|no URL|codec"):
        await Pool(Proxies.of({})).post(url, headers, b"")
