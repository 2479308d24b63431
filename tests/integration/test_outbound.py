"""The way to the LLM by the environment: forward proxies, private CAs, and what is said when it is barred."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from tests.integration.processes import ask, serving, until

pytestmark = pytest.mark.timeout(60)
ANSWER = {"model": "m", "choices": [{"message": {"content": "fine"}}]}
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass
class ForwardProxy:
    """A small forward proxy; whatever host is asked for, it goes to the LLM of the test."""

    llm_port: int
    refuses: bool = False
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and target of each request."""
    credentials: set[str | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        method, target, _ = lines[0].split(" ")
        self.asked.append((method, target))
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        self.credentials.add(fields.get("proxy-authorization"))
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            return
        to_llm = await asyncio.open_connection("127.0.0.1", self.llm_port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            to_llm[1].write(head.replace(target, urlsplit(target).path, 1).encode())
        await asyncio.gather(_pump(reader, to_llm[1]), _pump(to_llm[0], writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def proxy_to(
    llm_port: int, refuses: bool = False, context: ssl.SSLContext | None = None
) -> AsyncIterator[ForwardProxy]:
    proxy = ForwardProxy(llm_port, refuses)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=context)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


@asynccontextmanager
async def llm(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """An LLM; yields its port."""

    async def chat(_: web.Request) -> web.StreamResponse:
        return web.json_response(ANSWER)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class PrivateCA:
    """A CA, and the TLS of a server `llm.test` and 127.0.0.1 that it vouches for."""

    certificate: Path
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def private_ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCA:
    folder: Path = tmp_path_factory.mktemp("ca")
    (folder / "names").write_text("subjectAltName=DNS:llm.test,IP:127.0.0.1")
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "names")
    for arguments in (
        ("req", "-x509", *key, "ca.key", "-out", "ca.crt", "-days", "1", "-subj", "/CN=Private CA"),
        ("req", *key, "llm.key", "-out", "llm.csr", "-subj", "/CN=llm.test"),
        ("x509", "-req", "-in", "llm.csr", *signed, "-out", "llm.crt"),
    ):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "llm.crt", folder / "llm.key")
    return PrivateCA(folder / "ca.crt", server)


async def test_a_plain_llm_is_asked_through_http_proxy_with_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with llm() as llm_port, proxy_to(llm_port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:pass@127.0.0.1:{proxy.port}")
        with serving(tmp_path, "http://llm.test/v1") as server:
            await until(server, "Ready")
            assert (await ask(server))[:2] == (200, {"answer": "fine"})
    assert proxy.asked == [("POST", "http://llm.test/v1/chat/completions")]
    assert proxy.credentials == {"basic bwu6cgfzcw=="}  # me:pass, in small letters


async def test_a_tls_llm_under_a_private_ca_is_asked_through_a_tunnel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_ca: PrivateCA
) -> None:
    async with llm(private_ca.server) as llm_port, proxy_to(llm_port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(private_ca.certificate))
        with serving(tmp_path, "https://llm.test/v1") as server:
            await until(server, "Ready")
            for _ in range(2):
                assert (await ask(server))[:2] == (200, {"answer": "fine"})
    assert proxy.asked == [("CONNECT", "llm.test:443")]  # once: the tunnel is kept


async def test_a_proxy_may_be_asked_by_tls_and_a_name_may_end_in_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_ca: PrivateCA
) -> None:
    async with llm(private_ca.server) as llm_port, proxy_to(llm_port, context=private_ca.server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(private_ca.certificate))
        with serving(tmp_path, "https://llm.test./v1") as server:
            await until(server, "Ready")
            for _ in range(2):
                assert (await ask(server))[:2] == (200, {"answer": "fine"})
    assert proxy.asked == [("CONNECT", "llm.test.:443")]


@pytest.mark.parametrize("exception", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1:{port}", "*"])
async def test_no_proxy_goes_straight_to_the_llm(
    exception: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with llm() as llm_port, proxy_to(llm_port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", f"llm.test,{exception.format(port=llm_port)}")
        with serving(tmp_path, f"http://127.0.0.1:{llm_port}/v1") as server:
            await until(server, "Ready")
            assert (await ask(server))[0] == 200
    assert proxy.asked == []


async def test_a_proxy_that_refuses_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with llm() as llm_port, proxy_to(llm_port, refuses=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.port}")
        with serving(tmp_path, "https://llm.test/v1", request_timeout_seconds=2) as server:
            await until(server, "Ready")
            status, body, _ = await ask(server)
            log = server.log.read_text()
    assert status == 503
    assert "the LLM at llm.test cannot be reached: the proxy answered 407" in body["error"]["message"]
    assert "hunter2" not in str(body) + log


async def test_an_unknown_ca_is_refused_at_once_with_the_way_to_trust_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_ca: PrivateCA
) -> None:
    async with llm(private_ca.server) as llm_port:
        with serving(tmp_path, f"https://127.0.0.1:{llm_port}/v1") as server:
            await until(server, "Ready")
            status, body, _ = await ask(server)
            server.stop()
            [record] = server.records()
        assert status == 502
        assert "the LLM at 127.0.0.1 shows a certificate that is not trusted" in body["error"]["message"]
        assert "let SSL_CERT_FILE name a file with its certificate (PEM)" in body["error"]["message"]
        assert record.error is not None
        assert record.error.code == "Untrusted"

        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.crt")
        with serving(tmp_path, f"https://127.0.0.1:{llm_port}/v1") as server:
            await until(server, "Ready")
            _, body, _ = await ask(server)
        assert "SSL_CERT_FILE names a file that cannot be read: /nowhere/ca.crt" in body["error"]["message"]


async def test_a_private_ca_vouches_for_its_own_names_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_ca: PrivateCA
) -> None:
    async with llm(private_ca.server) as llm_port, proxy_to(llm_port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(private_ca.certificate))
        with serving(tmp_path, "https://other.test/v1") as server:
            await until(server, "Ready")
            status, body, _ = await ask(server)
    assert status == 502
    assert "Hostname mismatch" in body["error"]["message"]


async def test_a_url_with_a_password_is_a_broken_connection_and_no_crash(tmp_path: Path) -> None:
    async with llm() as llm_port:
        with serving(tmp_path, f"http://me:hunter2@127.0.0.1:{llm_port}/v1") as server:
            await until(server, "Ready")
            status, body, _ = await ask(server)
            log = server.log.read_text()
    assert status == 503
    assert "a URL has no password in it" in body["error"]["message"]
    assert "hunter2" not in str(body) + log
