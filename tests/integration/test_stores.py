"""Stores on real servers: what is put is got, and each kind of failure has its reason and no secret in it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from flow_runtime.contracts.store import EncryptionSettings, S3Settings, StoreSettings
from flow_runtime.store import Store, StoreError
from flow_runtime.store.errors import ObjectMissingError
from tests.integration import store_servers
from tests.integration.collector_world import World, finish, stored_lines
from tests.integration.processes import free_port
from tests.integration.s3 import secret_folder
from tests.integration.store_servers import ACCOUNT_KEY, Server

UNICODE = "a/ünï=日/b c%20+&#.gz"
OTHER_KEY = ACCOUNT_KEY.replace("E", "F")


@pytest.fixture(scope="module")
def s3_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with store_servers.s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def azure_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with store_servers.azure(tmp_path_factory.mktemp("azure")) as server:
        yield server


@pytest.fixture(params=["s3", "azure"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(params=["s3", "azure", "folder"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    if request.param == "folder":
        return StoreSettings(url="file:///records/team-a", volume=tmp_path)
    found: Server = request.getfixturevalue(f"{request.param}_store")
    return found.settings(url=f"{found.url}/{tmp_path.name}")


async def refusal(
    settings: StoreSettings, server: Server, verb: str = "put", seconds: float = 2
) -> StoreError:
    """What a store says that cannot do as it is told; no secret is in it."""
    store = Store.open(settings, seconds)
    with pytest.raises(StoreError) as caught:
        await (store.put("a/b", b"x") if verb == "put" else store.list("a"))
    for secret in (*server.secrets, OTHER_KEY):
        assert secret not in str(caught.value)
    return caught.value


async def test_what_is_put_is_got_listed_and_deleted(settings: StoreSettings) -> None:
    store = Store.open(settings)
    for key, data in (("a/b", b"one"), ("a/b", b"two"), (UNICODE, b""), ("ab/c", b"x" * 100_000)):
        await store.put(key, data)
    assert [await store.get(key) for key in ("a/b", UNICODE)] == [b"two", b""]
    assert await store.list("a") == ["a/b", UNICODE]
    assert await store.folders() == ("a", "ab")
    await store.delete(["a/b", "never/there"])
    assert await store.list("") == [UNICODE, "ab/c"]
    with pytest.raises(ObjectMissingError):
        await store.get("a/b")


async def test_of_many_who_put_an_object_if_there_is_none_one_does(settings: StoreSettings) -> None:
    store = Store.open(settings)
    written = await asyncio.gather(*(store.put_if_absent("plan", str(n).encode()) for n in range(8)))
    assert sum(written) == 1
    assert await store.get("plan") == str(written.index(True)).encode()


async def test_a_listing_of_more_than_one_page_is_whole(s3_store: Server) -> None:
    store = Store.open(s3_store.settings(url=f"{s3_store.url}/many"))
    for first in range(0, 1005, 67):
        await asyncio.gather(*(store.put(f"a/{n:04d}", b"") for n in range(first, min(first + 67, 1005))))
    assert await store.list("a") == [f"a/{n:04d}" for n in range(1005)]


@pytest.mark.parametrize("verb", ["put", "list"])
async def test_wrong_credentials_are_said_to_be_wrong(server: Server, tmp_path: Path, verb: str) -> None:
    other = server.changed(tmp_path / "other", account_key=OTHER_KEY, secret_access_key=OTHER_KEY)
    if server.url.startswith("s3"):
        (other / "account_key").unlink()
    error = await refusal(server.settings(secret=other), server, verb)
    assert error.reason == "StoreUnauthorized"
    assert "of the store's Secret store" in str(error)


@pytest.mark.parametrize("verb", ["put", "list"])
async def test_a_bucket_that_is_missing_is_named(server: Server, verb: str) -> None:
    url = server.url.replace("records", "nothing-here")
    error = await refusal(server.settings(url=url), server, verb)
    assert error.reason == "StoreNotFound"
    assert url in str(error)


async def test_a_server_that_is_away_or_never_answers_is_not_reached(server: Server) -> None:
    with store_servers.silent() as endpoint:
        away = f"http://127.0.0.1:{free_port()}"
        for where, words in ((endpoint, "no answer in time"), (away, "connection refused")):
            error = await refusal(server.settings(where), server, seconds=0.5)
            assert error.reason == "StoreUnreachable"
            assert words in str(error)


async def test_a_message_is_the_same_each_time_so_that_a_status_is_not_written_anew(server: Server) -> None:
    url = server.url.replace("records", "nothing-here")
    for given in (server.settings(url=url), server.settings(f"http://127.0.0.1:{free_port()}")):
        said = {str(await refusal(given, server)) for _ in range(2)}
        assert len(said) == 1


@pytest.mark.parametrize(
    ("status", "reason"), [(503, "StoreUnreachable"), (429, "StoreUnreachable"), (400, "StoreRefused")]
)
async def test_what_a_server_says_instead_of_an_answer_is_weighed(
    server: Server, status: int, reason: str
) -> None:
    async with answering(status) as (endpoint, _):
        assert (await refusal(server.settings(endpoint), server)).reason == reason


async def test_a_private_authority_is_trusted_when_the_secret_has_it(server: Server, tmp_path: Path) -> None:
    async with store_servers.tls(server.endpoint, tmp_path) as (endpoint, certificate):
        error = await refusal(server.settings(endpoint), server)
        assert error.reason == "StoreUntrusted"
        assert "'ca.crt'" in str(error)
        trusting = server.changed(tmp_path / "trusting", **{"ca.crt": certificate})
        store = Store.open(server.settings(endpoint, trusting))
        await store.put("tls/a", b"over TLS")
        assert await store.get("tls/a") == b"over TLS"


async def test_a_secret_that_changes_counts_from_the_next_request_on(server: Server, tmp_path: Path) -> None:
    secret = server.changed(tmp_path / "rotated")
    store = Store.open(server.settings(secret=secret))
    await store.put("rotated/a", b"")
    key = "account_key" if server.url.startswith("az") else "secret_access_key"
    right = (secret / key).read_text()
    (secret / key).write_text(OTHER_KEY)
    with pytest.raises(StoreError) as caught:
        await store.put("rotated/b", b"")
    assert caught.value.reason == "StoreUnauthorized"
    (secret / key).write_text(right)
    await store.put("rotated/b", b"")


async def test_the_collector_stores_in_each_of_them(settings: StoreSettings, tmp_path: Path) -> None:
    world = World(tmp_path, settings)
    collector = world.start()
    world.write(0, 50)
    await world.until(lambda: world.state.stored == 50)
    world.writer.close()
    await asyncio.to_thread(finish, collector)
    lines = await stored_lines(settings)
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 50


async def test_encryption_is_asked_for_with_each_object_that_is_put(tmp_path: Path) -> None:
    secret = secret_folder(tmp_path / "secret", access_key_id="key", secret_access_key="hush")
    encryption = EncryptionSettings(algorithm="aws:kms", kms_key_id="alias/records", bucket_key=True)
    async with answering(200) as (endpoint, seen):
        s3 = S3Settings(endpoint=endpoint, region="eu-central-1", encryption=encryption)
        await Store.open(StoreSettings(url="s3://records/a", secret=secret, s3=s3)).put("b", b"x")
    (request,) = seen
    assert request.path == "/records/a/b"
    prefix = "x-amz-server-side-encryption"
    assert {name: value for name, value in request.headers.items() if name.lower().startswith(prefix)} == {
        prefix: "aws:kms",
        f"{prefix}-aws-kms-key-id": "alias/records",
        f"{prefix}-bucket-key-enabled": "true",
    }
    assert "/eu-central-1/s3/aws4_request" in request.headers["Authorization"]


async def test_a_volume_that_may_not_be_written_says_who_must_be_let_in(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file where a folder should be")
    with pytest.raises(StoreError) as caught:
        await Store.open(StoreSettings(url="file:///records", volume=tmp_path)).put("a", b"")
    assert caught.value.reason == "StoreRefused"


class answering:  # noqa: N801 - used as a function
    """A server that says the same to everybody: its endpoint, and what it was asked."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._seen: list[web.BaseRequest] = []

    async def __aenter__(self) -> tuple[str, list[web.BaseRequest]]:
        async def answer(request: web.BaseRequest) -> web.Response:
            await request.read()
            self._seen.append(request)
            return web.Response(status=self._status, headers={"ETag": '"1"'})

        self._runner = web.ServerRunner(web.Server(answer))
        await self._runner.setup()
        port = free_port()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{port}", self._seen

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
