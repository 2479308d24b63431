"""A flow out of an object store, archives that mean harm, and the fetcher as the process that pods run."""

import asyncio
import hashlib
import io
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from flow_runtime.contracts.fetch import ArchiveSettings, FetchSettings, GitSettings
from flow_runtime.contracts.settings import StoreSettings, settings_json
from flow_runtime.fetch import errors
from flow_runtime.fetch.archive import fetch_archive
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.source import MAX_BYTES, MAX_FILES, unpack
from tests.integration.git_server import PASSWORD, USER, Repository, git_server
from tests.integration.processes import free_port, get_json
from tests.integration.s3 import KEY, S3, SECRET, s3_server, secret_folder

FLOW = {"flow.dag.yaml": b"nodes: []", "docs/a.md": b"a"}


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


ARCHIVE = packed(*(file(name, content) for name, content in FLOW.items()))


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("store")) as server:
        yield server


def put(s3: S3, key: str, content: bytes) -> ArchiveSettings:
    """Upload, as a pipeline does; returns what the operator would say of it."""
    store = S3Store(
        s3.bucket,
        endpoint=s3.endpoint,
        access_key_id=KEY,
        secret_access_key=SECRET,
        client_options={"allow_http": True},
    )
    obstore.put(store, key, content)
    return ArchiveSettings(
        store=StoreSettings(url=f"s3://{s3.bucket}", secret=s3.secret, secret_name="store"),
        key=key,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def fetch(settings: ArchiveSettings, folder: Path) -> Path:
    (folder / "flow").mkdir(exist_ok=True)
    fetch_archive(settings, folder / "flow", lambda text: None)
    return unpack(folder / "flow", folder / "work")


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "flow").iterdir())


def test_an_archive_is_fetched_from_s3(s3: S3, tmp_path: Path) -> None:
    found = fetch(put(s3, "flows/bot.tar.gz", ARCHIVE), tmp_path)
    assert {name: (found / name).read_bytes() for name in FLOW} == FLOW


def test_an_archive_is_fetched_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "bot.tar.gz").write_bytes(ARCHIVE)
    given = ArchiveSettings(
        store=StoreSettings(url=f"file://{tmp_path}/share"),
        key="bot.tar.gz",
        sha256=hashlib.sha256(ARCHIVE).hexdigest(),
    )
    assert (fetch(given, tmp_path) / "docs" / "a.md").is_file()


def test_an_archive_with_another_digest_is_not_kept(s3: S3, tmp_path: Path) -> None:
    given = put(s3, "flows/other.tar.gz", ARCHIVE).model_copy(update={"sha256": "0" * 64})
    with pytest.raises(errors.SourceDigestMismatch, match=hashlib.sha256(ARCHIVE).hexdigest()):
        fetch(given, tmp_path)
    assert kept(tmp_path) == []


def test_an_archive_that_is_too_large_is_given_up_on_the_way(s3: S3, tmp_path: Path) -> None:
    given = put(s3, "flows/large.tar.gz", bytes(MAX_BYTES + 1))
    with pytest.raises(errors.SourceInvalid, match="64 MiB"):
        fetch(given, tmp_path)


def test_an_object_or_bucket_that_is_not_there_is_not_found(s3: S3, tmp_path: Path) -> None:
    given = put(s3, "flows/bot.tar.gz", ARCHIVE)
    with pytest.raises(errors.SourceNotFound, match=r"flows/none\.tar\.gz"):
        fetch(given.model_copy(update={"key": "flows/none.tar.gz"}), tmp_path)
    elsewhere = given.store.model_copy(update={"url": "s3://no-such-bucket"})
    with pytest.raises(errors.SourceNotFound, match="NoSuchBucket"):
        fetch(given.model_copy(update={"store": elsewhere}), tmp_path)


def test_credentials_that_are_wrong_or_missing_are_said_to_be(s3: S3, tmp_path: Path) -> None:
    given = put(s3, "flows/bot.tar.gz", ARCHIVE)
    wrong = secret_folder(
        tmp_path / "wrong", access_key_id=KEY, secret_access_key="wr0ng-key", endpoint=s3.endpoint
    )
    for secret, words in ((wrong, "SignatureDoesNotMatch"), (tmp_path / "none", "Secret store is missing")):
        store = given.store.model_copy(update={"secret": secret})
        with pytest.raises(errors.SourceUnauthorized, match=words) as caught:
            fetch(given.model_copy(update={"store": store}), tmp_path)
        assert "wr0ng-key" not in str(caught.value)


def test_a_store_that_does_not_answer_is_unavailable(s3: S3, tmp_path: Path) -> None:
    nowhere = secret_folder(
        tmp_path / "nowhere",
        access_key_id=KEY,
        secret_access_key=SECRET,
        endpoint=f"http://127.0.0.1:{free_port()}",
    )
    given = put(s3, "flows/bot.tar.gz", ARCHIVE)
    store = given.store.model_copy(update={"secret": nowhere})
    with pytest.raises(errors.SourceUnavailable):
        fetch(given.model_copy(update={"store": store}), tmp_path)


HARMFUL = {
    "a file outside": [file("../evil")],
    "a file with a whole path": [file("/tmp/evil")],
    "a link outside": [special("evil", tarfile.SYMTYPE, "/etc/passwd")],
    "a link that climbs": [special("evil", tarfile.SYMTYPE, "../../evil")],
    "a hard link outside": [special("evil", tarfile.LNKTYPE, "/etc/passwd")],
    "a device": [special("evil", tarfile.CHRTYPE)],
    "a pipe": [special("evil", tarfile.FIFOTYPE)],
    "too many files": [file(str(number)) for number in range(MAX_FILES + 1)],
    "a bomb": [file("zeros", bytes(MAX_BYTES + 1))],
}


@pytest.mark.parametrize("members", HARMFUL.values(), ids=HARMFUL)
def test_an_archive_with_the_right_digest_is_still_refused_for(
    members: list[tuple[tarfile.TarInfo, bytes]], s3: S3, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSource):
        fetch(put(s3, "flows/harm.tar.gz", packed(*members)), tmp_path)
    assert not list(tmp_path.rglob("evil"))


@contextmanager
def fetcher(settings: FetchSettings, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The process, and the port on which it says how it stands."""
    port = free_port()
    (folder / "fetch.json").write_text(settings_json(settings))
    command = [sys.executable, "-m", "flow_runtime.fetch", str(folder / "fetch.json"), "--host=127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--port={port}"], stderr=log)
    try:
        yield process, port
    finally:
        process.kill()
        process.wait(10)


async def until(port: int, reason: str) -> str:
    """Wait until the process gives this reason; returns its message."""
    seen = {}
    for _ in range(200):
        try:
            seen = await get_json(port, "/state")
        except OSError:
            seen = {"reason": "nothing listens"}
        if seen["reason"] == reason:
            assert seen["ready"] is False
            return str(seen["message"])
        await asyncio.sleep(0.05)
    raise AssertionError(seen)


async def ended(process: "subprocess.Popen[bytes]") -> int:
    return await asyncio.to_thread(process.wait, 20)


async def test_the_fetcher_ends_when_the_flow_is_there(s3: S3, tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    archive = put(s3, "flows/bot.tar.gz", ARCHIVE)
    settings = FetchSettings(revision="r", folder=tmp_path / "flow", archive=archive)
    with fetcher(settings, tmp_path) as (process, _):
        assert await ended(process) == 0
    assert kept(tmp_path) == ["flow.tar.gz"]


async def test_the_fetcher_says_why_it_waits_and_goes_on_when_the_secret_is_right(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repositories" / "bot")
    commit = repository.commit({name: content.decode() for name, content in FLOW.items()})
    (tmp_path / "flow").mkdir()
    secret = tmp_path / "secret"
    async with git_server(tmp_path / "repositories") as server:
        server.credentials = (USER, PASSWORD)
        git = GitSettings(url=server.address("bot"), commit=commit, secret=secret, secret_name="git")
        settings = FetchSettings(revision="r", folder=tmp_path / "flow", git=git)
        with fetcher(settings, tmp_path) as (process, port):
            assert "Secret git is missing" in await until(port, "SourceUnauthorized")
            secret_folder(secret, username=USER, password=PASSWORD)
            assert await ended(process) == 0
    assert kept(tmp_path) == ["flow.tar.gz"]
    assert PASSWORD not in (tmp_path / "log").read_text()


async def test_the_fetcher_waits_for_a_server_that_is_down(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repositories" / "bot")
    commit = repository.commit({name: content.decode() for name, content in FLOW.items()})
    (tmp_path / "flow").mkdir()
    async with git_server(tmp_path / "repositories") as server:
        server.status = 503
        git = GitSettings(url=server.address("bot"), commit=commit)
        settings = FetchSettings(revision="r", folder=tmp_path / "flow", git=git)
        with fetcher(settings, tmp_path) as (process, port):
            assert "503" in await until(port, "SourceUnavailable")
            server.status = 0
            assert await ended(process) == 0
    assert "next_in_seconds" in (tmp_path / "log").read_text()


async def test_what_a_killed_fetcher_left_is_taken_away(s3: S3, tmp_path: Path) -> None:
    (tmp_path / "flow" / ".git-left" / "pack").mkdir(parents=True)
    (tmp_path / "flow" / "flow.tar.gz.arriving").write_bytes(b"half")
    archive = put(s3, "flows/bot.tar.gz", ARCHIVE)
    settings = FetchSettings(revision="r", folder=tmp_path / "flow", archive=archive)
    with fetcher(settings, tmp_path) as (process, _):
        assert await ended(process) == 0
    assert kept(tmp_path) == ["flow.tar.gz"]


async def test_a_flow_that_an_earlier_process_brought_needs_no_source(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "flow.tar.gz").write_bytes(ARCHIVE)
    git = GitSettings(url=f"http://127.0.0.1:{free_port()}/bot.git", commit="0" * 40)
    settings = FetchSettings(revision="r", folder=tmp_path / "flow", git=git)
    with fetcher(settings, tmp_path) as (process, _):
        assert await ended(process) == 0
    assert (tmp_path / "flow" / "flow.tar.gz").read_bytes() == ARCHIVE


async def test_the_fetcher_ends_at_once_when_told_to(tmp_path: Path) -> None:
    git = GitSettings(url=f"http://127.0.0.1:{free_port()}/bot.git", commit="0" * 40)
    settings = FetchSettings(revision="r", folder=tmp_path / "flow", git=git)
    with fetcher(settings, tmp_path) as (process, port):
        await until(port, "SourceUnavailable")
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 128 + signal.SIGTERM


def test_settings_that_say_nothing_are_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flow_runtime.fetch", str(tmp_path / "none.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "none.json" in done.stderr
