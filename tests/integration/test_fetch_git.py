"""A flow out of a real git server: what is fetched, and by which name each failure is called."""

import asyncio
import base64
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from flow_runtime.contracts.fetch import GitSettings
from flow_runtime.fetch import errors
from flow_runtime.fetch.git import fetch_git
from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.source import MAX_FILES, unpack
from tests.integration.git_server import PASSWORD, USER, GitServer, Repository, git, git_server
from tests.integration.processes import free_port
from tests.integration.s3 import secret_folder

FLOW = {"flow.dag.yaml": "nodes: []", "docs/a.md": "a"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitServer]:
    async with git_server(tmp_path / "repositories") as serving:
        yield serving


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repositories" / "team" / "bot")


async def fetch(server: GitServer, commit: str, folder: Path, **settings: object) -> Path:
    """Fetch and unpack as the pod does; returns the folder of the flow."""
    (folder / "flow").mkdir(exist_ok=True)
    given = GitSettings.model_validate({"url": server.address("team/bot"), "commit": commit} | settings)
    await asyncio.to_thread(fetch_git, given, folder / "flow", lambda text: None)
    assert [path.name for path in (folder / "flow").iterdir()] == ["flow.tar.gz"]
    return unpack(folder / "flow", folder / "work")


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_exactly_the_pinned_commit_is_fetched(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"old.txt": "x" * 1000})
    (repository.folder / "old.txt").unlink()
    pinned = repository.commit(FLOW)
    repository.commit({"flow.dag.yaml": "nodes: [later]", "new.txt": ""})
    found = await fetch(server, pinned, tmp_path)
    assert names(found) == ["docs/a.md", "flow.dag.yaml"]
    assert (found / "flow.dag.yaml").read_text() == "nodes: []"


async def test_a_folder_of_the_repository_is_the_flow(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit({f"flows/bot/{name}": text for name, text in FLOW.items()} | {"README": "no"})
    assert names(await fetch(server, commit, tmp_path, path="flows/bot")) == ["docs/a.md", "flow.dag.yaml"]


async def test_history_is_not_fetched(server: GitServer, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"flow.dag.yaml": "the first"})
    commit = repository.commit(FLOW)
    await fetch(server, commit, tmp_path)
    assert b"deepen 1" in await server.requests[-1].read()


def own_authority(folder: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate that nobody knows, and a server's side of it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ("-keyout", str(key), "-out", str(certificate), "-addext", "subjectAltName=IP:127.0.0.1")
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=git")
    subprocess.run([*command, *made], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return certificate.read_text(), context


async def test_a_private_authority_comes_from_the_secret(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(FLOW)
    certificate, context = own_authority(tmp_path)
    secret = secret_folder(tmp_path / "secret", **{"ca.crt": certificate})
    broken = secret_folder(tmp_path / "broken", **{"ca.crt": "no certificate"})
    async with git_server(tmp_path / "repositories", tls=context) as server:
        with pytest.raises(errors.SourceUntrusted, match=r"ca\.crt"):
            await fetch(server, commit, tmp_path)
        with pytest.raises(errors.SourceUntrusted, match="Secret git holds no certificate"):
            await fetch(server, commit, tmp_path, secret=broken, secret_name="git")
        assert names(await fetch(server, commit, tmp_path, secret=secret, secret_name="git"))


async def test_credentials_come_from_the_secret_and_are_in_no_message(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit(FLOW)
    server.credentials = (USER, PASSWORD)
    right = secret_folder(tmp_path / "right", username=USER, password=PASSWORD + "\n")
    assert names(await fetch(server, commit, tmp_path, secret=right, secret_name="git"))
    wrong = secret_folder(tmp_path / "wrong", username=USER, password="wr0ng-password")
    with pytest.raises(errors.SourceUnauthorized, match="Secret git") as caught:
        await fetch(server, commit, tmp_path, secret=wrong, secret_name="git")
    assert "wr0ng-password" not in str(caught.value)
    with pytest.raises(errors.SourceUnauthorized, match="no credentials"):
        await fetch(server, commit, tmp_path)


async def test_a_token_is_sent_as_a_password(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit(FLOW)
    server.credentials = ("x-access-token", "t0ken")
    secret = secret_folder(tmp_path / "secret", token="t0ken")
    assert names(await fetch(server, commit, tmp_path, secret=secret, secret_name="git"))


async def test_a_secret_that_is_missing_is_named(server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(errors.SourceUnauthorized, match="Secret git-credentials is missing"):
        await fetch(server, "0" * 40, tmp_path, secret=tmp_path / "none", secret_name="git-credentials")
    assert server.requests == []


async def test_a_commit_that_is_not_there_is_not_found(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(FLOW)
    with pytest.raises(errors.SourceNotFound, match="0123456789"):
        await fetch(server, "0123456789" * 4, tmp_path)


async def test_a_repository_or_folder_that_is_not_there_is_not_found(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit(FLOW)
    with pytest.raises(errors.SourceNotFound, match="no repository"):
        await fetch(server, commit, tmp_path, url=server.address("team/other"))
    for path in ("flows/bot", "flow.dag.yaml"):
        with pytest.raises(errors.SourceNotFound, match=path):
            await fetch(server, commit, tmp_path, path=path)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, errors.SourceUnauthorized),
        (404, errors.SourceNotFound),
        (429, errors.SourceUnavailable),
        (503, errors.SourceUnavailable),
    ],
)
async def test_a_status_has_its_name(
    status: int, kind: type[Exception], server: GitServer, tmp_path: Path
) -> None:
    server.status = status
    with pytest.raises(kind):
        await fetch(server, "0" * 40, tmp_path)


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    server = GitServer(tmp_path, url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(errors.SourceUnavailable, match="refused"):
        await fetch(server, "0" * 40, tmp_path)


async def test_a_web_page_is_no_repository(tmp_path: Path) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>sign in</html>", content_type="text/html")

    with pytest.raises(errors.SourceInvalid, match="smart protocol"):
        await with_server(page, tmp_path)


async def test_credentials_do_not_follow_a_redirect_to_another_host(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit(FLOW)

    async def elsewhere(request: web.Request) -> web.Response:
        # localhost and 127.0.0.1 are two hosts to a client.
        other = server.address("team/bot").replace("127.0.0.1", "localhost")
        raise web.HTTPFound(f"{other}/info/refs?service=git-upload-pack")

    secret = secret_folder(tmp_path / "secret", username=USER, password=PASSWORD)
    await with_server(elsewhere, tmp_path, commit, secret=secret, secret_name="git")
    assert server.requests
    assert all("Authorization" not in request.headers for request in server.requests)


async def with_server(handler: object, folder: Path, commit: str = "0" * 40, **settings: object) -> Path:
    """Fetch from a server that answers every GET by a handler."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return await fetch(GitServer(folder, url=url), commit, folder, **settings)
    finally:
        await runner.cleanup()


async def test_a_submodule_is_refused_in_words(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    first = repository.commit(FLOW)
    git(repository.folder, "update-index", "--add", "--cacheinfo", f"160000,{first},vendor")
    git(repository.folder, "commit", "-q", "-m", "Add a submodule")
    with pytest.raises(errors.SourceInvalid, match="vendor is a submodule"):
        await fetch(server, git(repository.folder, "rev-parse", "HEAD"), tmp_path)


async def test_a_pointer_of_git_lfs_is_refused_in_words(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    commit = repository.commit(FLOW | {"model.bin": pointer})
    with pytest.raises(errors.SourceInvalid, match=r"model\.bin is a pointer of Git LFS"):
        await fetch(server, commit, tmp_path)


async def test_a_link_out_of_the_flow_is_refused(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(FLOW)
    (repository.folder / "evil").symlink_to("/etc/passwd")
    commit = repository.record()
    with pytest.raises(InvalidSource, match="evil"):
        await fetch(server, commit, tmp_path)
    assert not (tmp_path / "work" / "evil").exists()


async def test_too_many_files_are_refused_before_they_are_unpacked(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    commit = repository.commit({f"many/{number}": "" for number in range(MAX_FILES + 1)})
    with pytest.raises(errors.SourceInvalid, match="2000 files"):
        await fetch(server, commit, tmp_path)
    assert list((tmp_path / "flow").iterdir()) == []


async def test_a_tree_that_climbs_out_is_refused(
    server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(FLOW)
    commit = hostile_commit(repository, "..")
    with pytest.raises(InvalidSource, match="outside of the flow"):
        await fetch(server, commit, tmp_path)


def hostile_commit(repository: Repository, name: str) -> str:
    """A commit whose tree has a folder of that name, as no git would make it, but as one can be sent."""
    blob = git(repository.folder, "rev-parse", "HEAD:flow.dag.yaml")
    inner = b"100644 evil\0" + bytes.fromhex(blob)
    inner_id = hash_object(repository, "tree", inner)
    outer = b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner_id)
    return git(repository.folder, "commit-tree", hash_object(repository, "tree", outer), "-m", "Evil")


def hash_object(repository: Repository, kind: str, content: bytes) -> str:
    (repository.folder / ".git" / "raw").write_bytes(content)
    return git(repository.folder, "hash-object", "-t", kind, "-w", "--literally", ".git/raw")


async def test_what_the_server_echoes_of_a_credential_is_hidden(tmp_path: Path) -> None:
    sent = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert sent not in errors.clean(f"bad {sent} {PASSWORD}", (PASSWORD, f"{USER}:{PASSWORD}"))
