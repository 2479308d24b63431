"""The LLM's client on real sockets: what servers and proxies do to connections, and what users see of it."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from flow_runtime.llm.call import Call
from flow_runtime.llm.endpoint import Endpoint
from flow_runtime.llm.errors import BadAnswer, ConnectionInvalid, Unavailable
from flow_runtime.llm.transport import Transport

pytestmark = pytest.mark.timeout(30)
BODY = b'{"choices": []}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n" + BODY
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A server that does what `serve` does with each connection; yields its port."""

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0"
    )
    return head + await reader.readexactly(int(length.partition(b":")[2]))


def endpoint(url: str) -> Endpoint:
    return Endpoint(f"{url}/v1/chat/completions", {"authorization": "Bearer hunter2"}, "m")


@asynccontextmanager
async def client() -> AsyncIterator[Transport]:
    transport = Transport()
    try:
        yield transport
    finally:
        await transport.close()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_kept_connection_that_the_server_closes_as_it_is_asked_costs_no_user_an_error(
    streamed: bool,
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await request(reader)
        writer.write(ANSWER)
        await request(reader)  # and gone, as if it had been idle for too long

    async with listening(serve) as port, client() as transport:
        for _ in range(3):
            call, asked = Call("node"), endpoint(f"http://127.0.0.1:{port}")
            if streamed:
                lines = [line async for line in await transport.stream(asked, b"{}", call)]
                assert lines == [BODY]
            else:
                assert await transport.post(asked, b"{}", call) == BODY
            assert call.attempts == ["200"]
    assert connections == 3


async def test_a_new_connection_that_is_closed_without_an_answer_is_not_asked_again_at_once() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await request(reader)

    async with listening(serve) as port, client() as transport:
        with pytest.raises(Unavailable, match="closed before the answer's end"):
            await transport.post(endpoint(f"http://127.0.0.1:{port}"), b"{}", Call("node"))
    assert connections == 1


@pytest.mark.parametrize(
    "fields", ["", "content-length: 0\r\n", "transfer-encoding: chunked\r\n", "connection: close\r\n"]
)
async def test_nothing_is_sent_through_a_tunnel_but_tls(fields: str, monkeypatch: pytest.MonkeyPatch) -> None:
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(f"HTTP/1.1 200 Connection established\r\n{fields}\r\n".encode())
        while data := await reader.read(65536):
            received.extend(data)

    async with listening(serve) as port, client() as transport:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        asking = [asyncio.create_task(transport.post(endpoint("https://llm.test"), b"{}", Call("node")))]
        while not received:
            await asyncio.sleep(0.01)
            assert not asking[0].done()
        asking.append(asyncio.create_task(transport.post(endpoint("https://llm.test"), b"{}", Call("node"))))
        await asyncio.sleep(0.2)
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    assert received[0] == 22  # the beginning of a TLS handshake
    assert b"hunter2" not in received


@pytest.mark.parametrize(
    ("answer", "said"),
    {
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n": "the proxy answered 502",
        b"SSH-2.0-x\r\n\r\n": "the proxy's answer is none of HTTP/1.1",
        b"": "the proxy closed the connection",
        b"HTTP/1.1 200 OK\r\n\r\nhello": "the proxy sent more than was asked",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000: "the head of the proxy's answer has no end",
    }.items(),
)
async def test_what_a_proxy_says_instead_of_a_tunnel_is_told(
    answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        await writer.drain()

    async with listening(serve) as port, client() as transport:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable, match=said):
            await transport.post(endpoint("https://llm.test"), b"{}", Call("node"))


async def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{port}")
        async with client() as transport:
            with pytest.raises(Unavailable, match=rf"its proxy 127\.0\.0\.1:{port}") as refused:
                await transport.post(endpoint("https://llm.test"), b"{}", Call("node"))
    assert "hunter2" not in str(refused.value)


async def test_a_compressed_answer_that_nobody_asked_for_is_called_so() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b")
        await writer.drain()

    async with listening(serve) as port, client() as transport:
        asked = endpoint(f"http://127.0.0.1:{port}")
        with pytest.raises(BadAnswer, match="compressed \\(gzip\\)"):
            await transport.post(asked, b"{}", Call("node"))
        with pytest.raises(BadAnswer, match="compressed \\(gzip\\)"):
            await transport.stream(asked, b"{}", Call("node"))


async def test_a_url_that_cannot_be_read_is_an_invalid_connection() -> None:
    async with client() as transport:
        with pytest.raises(ConnectionInvalid, match="cannot be asked"):
            await transport.post(endpoint("http://[::1"), b"{}", Call("node"))


async def test_an_address_that_does_not_answer_is_passed_over_for_one_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(ANSWER)

    resolve = asyncio.get_running_loop().getaddrinfo

    async def both(host: Any, *more: Any, **named: Any) -> list[tuple[Any, ...]]:
        if host != "llm.test":
            return list(await resolve(host, *more, **named))
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, silent.getsockname()), (*kind, ("127.0.0.1", port))]

    with socket.socket() as silent, socket.socket() as first, socket.socket() as second:
        silent.bind(("127.0.0.2", 0))
        silent.listen(0)
        for waiting in (first, second):  # the queue is full: the next one is given no answer
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        async with listening(serve) as port, client() as transport:
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
            asked = endpoint(f"http://llm.test:{port}")
            assert await transport.post(asked, b"{}", Call("node")) == BODY


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # who closes a loop leaves its sockets to the collector
async def test_the_connections_of_a_loop_end_with_it() -> None:
    opened: list[asyncio.StreamWriter] = []
    ended = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        await request(reader)
        writer.write(ANSWER)
        await reader.read()
        ended.release()

    async with listening(serve) as port, client() as transport:
        asked = endpoint(f"http://127.0.0.1:{port}")
        for _ in range(3):
            await asyncio.to_thread(lambda: asyncio.run(transport.post(asked, b"{}", Call("node"))))
        await transport.post(asked, b"{}", Call("node"))
        gc.collect()
        for _ in range(3):
            await asyncio.wait_for(ended.acquire(), 5)
    assert len(opened) == 4
