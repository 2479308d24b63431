"""What comes back over HTTP/1.1, in whatever pieces it comes, and what is no answer."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_runtime.llm.http1 import Connection
from flow_runtime.llm.pool import Pool
from flow_runtime.llm.proxies import Proxies
from flow_runtime.llm.reply import BODY_LIMIT, BUFFERED_LIMIT, HEAD_LIMIT, Reply
from tests.unit.llm_line import Line

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
    "with trailers": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nf\r\n"
    + BODY
    + b"\r\n0\r\nlink: x\r\n\r\n",
    "of a sloppy server": b"HTTP/1.1 200\nx: a\n b\ntransfer-encoding: chunked\r\n\r\nf  \r\n"
    + BODY
    + b"\r\n0\r\n\r\n",
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


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\ncontent-le"])
@pytest.mark.parametrize(
    "answer", [ANSWERS["of a length"], b"HTTP/1.1 204 None\r\ncontent-length: 15\r\n\r\n"]
)
async def test_a_connection_that_bears_more_than_the_answer_is_not_asked_again(
    answer: bytes, surplus: bytes
) -> None:
    connection, line, reply, _ = asked()
    connection.data_received(answer + surplus)
    await reply.read()
    assert line.closing


async def test_who_gives_up_waiting_ends_the_connection() -> None:
    _, line, reply, free = asked()
    waiting = asyncio.create_task(reply.begun())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    reply.close()
    assert (line.closing, free) == (True, [])


async def test_a_connection_that_still_sends_when_the_answer_ends_is_not_asked_again() -> None:
    connection, line, reply, free = asked()
    line.unsent = 1
    connection.data_received(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
    assert (await reply.read(), reply.status) == (b"", 413)
    assert (line.closing, free) == (True, [])


async def test_an_error_in_a_streams_place_that_comes_all_at_once_is_read_to_its_end() -> None:
    connection, line, reply, _ = asked(streamed=True)
    size = BUFFERED_LIMIT + 2
    head = b"HTTP/1.1 500 No\r\ncontent-length: %d\r\n\r\n" % size
    connection.data_received(head + b"x" * (size - 1))
    await reply.begun()
    reading = asyncio.create_task(reply.read())
    await asyncio.sleep(0)
    assert not line.paused
    connection.data_received(b"x")
    assert len(await reading) == size


@pytest.mark.parametrize("streamed", [False, True])
async def test_no_answer_is_longer_than_its_limit(streamed: bool) -> None:
    connection, line, reply, _ = asked(streamed)
    connection.data_received(b"HTTP/1.1 500 No\r\nconnection: close\r\n\r\n")
    part = bytes(2**20)
    for _ in range(BODY_LIMIT // len(part) + 1):
        connection.data_received(part)
    with pytest.raises(ConnectionError, match="64 MiB"):
        await reply.read()
    assert line.closing


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
        ("http://ll m/v1", {}),
        ("http://[::1/v1", {}),
        ("http://llm/v1", {"api-key": "a\r\nhost: other"}),
        ("http://llm/v1", {"api-key": "a\nb"}),
        ("http://llm/v1", {"api-key": "\u2713"}),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"line break|no URL|codec|IPv6"):
        await Pool(Proxies.of({})).post(url, headers, b"")
