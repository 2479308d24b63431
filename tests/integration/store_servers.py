"""The stores of the tests: versitygw for S3 and Azurite for Azure, real servers, and ways to break them."""

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flow_runtime.contracts.store import AzureSettings, S3Settings, StoreSettings
from tests.integration.processes import free_port, wait_for_port
from tests.integration.s3 import s3_server, secret_folder

ROOT = Path(__file__).parents[2]
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, documented and the same everywhere."""
VERSION = "2021-08-06"


@dataclass(frozen=True)
class Server:
    """A store that answers, and the folder of a Secret for it."""

    url: str
    endpoint: str
    secret: Path
    secrets: tuple[str, ...]
    """What no message may hold."""

    def settings(self, endpoint: str = "", secret: Path | None = None, url: str = "") -> StoreSettings:
        """The store behind another endpoint, with another Secret, or another bucket of it."""
        address = endpoint or self.endpoint
        given = StoreSettings(url=url or self.url, secret=secret or self.secret, secret_name="store")
        if given.url.startswith("az"):
            return given.model_copy(update={"azure": AzureSettings(endpoint=address)})
        return given.model_copy(update={"s3": S3Settings(endpoint=address)})

    def changed(self, folder: Path, **keys: str) -> Path:
        """Another Secret: the same with some keys changed."""
        known = {path.name: path.read_text() for path in self.secret.iterdir() if path.is_file()}
        return secret_folder(folder, **(known | keys))


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    with s3_server(folder) as server:
        keys = {path.name: path.read_text() for path in server.secret.iterdir()}
        del keys["endpoint"]
        secret = secret_folder(folder / "s3-secret", **keys)
        yield Server("s3://records/prefix", server.endpoint, secret, tuple(keys.values()))


@contextmanager
def azure(folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [_azurite(), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    command += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _create_container(endpoint, "records")
        secret = secret_folder(folder / "azure-secret", account_name=ACCOUNT, account_key=ACCOUNT_KEY)
        yield Server("az://records/prefix", endpoint, secret, (ACCOUNT_KEY,))
    finally:
        process.terminate()
        process.wait(10)


@cache
def _azurite() -> str:
    done = subprocess.run([ROOT / "hack/azurite"], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _create_container(endpoint: str, name: str) -> None:
    """https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""
    date = formatdate(usegmt=True)
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signed = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{VERSION}\n{resource}"
    digest = hmac.new(base64.b64decode(ACCOUNT_KEY), signed.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": VERSION,
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
        "Content-Length": "0",
        "Content-Type": "",
    }
    url = f"{endpoint}/{name}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, b"", headers, method="PUT"), timeout=10)  # noqa: S310


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def tls(endpoint: str, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """A TLS front of a server, with a certificate of its own authority: its endpoint and that certificate."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "1", "-subj", "/CN=store"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    behind = urlsplit(endpoint)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, back = await asyncio.open_connection(behind.hostname, behind.port)
        await asyncio.gather(_pour(reader, back), _pour(upstream, writer), return_exceptions=True)

    server = await asyncio.start_server(join, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"https://127.0.0.1:{port}{behind.path}", certificate.read_text()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
