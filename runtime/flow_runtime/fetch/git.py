"""A flow in git: exactly one commit, without history, over http(s) and the smart protocol."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3
from dulwich.client import HTTPUnauthorized, Urllib3HttpGitClient
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.object_store import DiskObjectStore
from dulwich.objects import ObjectID

from flow_runtime.contracts.fetch import GitSettings
from flow_runtime.fetch.credentials import Credentials, read_credentials, tls
from flow_runtime.fetch.errors import (
    SourceError,
    SourceInvalid,
    SourceNotFound,
    SourceUnauthorized,
    SourceUnavailable,
    SourceUntrusted,
    clean,
)
from flow_runtime.fetch.sink import MEBIBYTE, Say, Sink
from flow_runtime.fetch.tree import write_archive
from flow_runtime.flow.source import ARCHIVE

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse

PACK_LIMIT = 128 * MEBIBYTE
"""Of what a server sends for one commit; the flow in it may have less."""
_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_BEGIN = 512


def fetch_git(settings: GitSettings, folder: Path, say: Say) -> None:
    """Put the commit's folder into the folder as flow.tar.gz. Blocks; raises SourceError."""
    credentials = read_credentials(settings)
    with tempfile.TemporaryDirectory(prefix=".git-", dir=folder) as directory:
        store, arriving = DiskObjectStore.init(directory), Path(directory, ARCHIVE)
        try:
            _fetch(settings, credentials, store, say)
            write_archive(store, settings.commit, settings.path, arriving)
        finally:
            store.close()
        os.replace(arriving, folder / ARCHIVE)  # noqa: PTH105 - in one step


def _fetch(settings: GitSettings, credentials: Credentials, store: DiskObjectStore, say: Say) -> None:
    pool = _Pool(settings, credentials)
    client = _Client(settings.url, pool, credentials)
    try:
        file, commit, abort = store.add_pack()
        try:
            client.fetch_pack(
                "",
                lambda refs, depth=None: [ObjectID(settings.commit.encode())],
                _Nothing(),
                Sink(file, PACK_LIMIT, say).write,
                depth=1,
                ref_prefix=[b"HEAD"],
            )
        except BaseException:
            abort()
            raise
        commit()
    except SourceError as error:
        raise type(error)(f"{settings.url}: {error}") from None
    except Exception as error:  # noqa: BLE001 - a server may send anything, and dulwich trusts that it does not
        if client.dumb:
            why = "it does not speak git's smart protocol: is this the address that `git clone` takes?"
            raise SourceInvalid(f"{settings.url}: {why}") from None
        raise _known(error, client.refusal, settings, credentials) from None
    finally:
        pool.end()


class _Client(Urllib3HttpGitClient):
    """dulwich's, remembering how an answer began: dulwich overlooks what is said in an ERR packet."""

    def __init__(self, url: str, pool: urllib3.PoolManager, credentials: Credentials) -> None:
        user, password = credentials.username, credentials.password
        super().__init__(url, pool_manager=pool, username=user, password=password)
        self._begun = b""

    @property
    def refusal(self) -> str:
        """What the server said instead of sending a pack; empty when it said nothing."""
        return self._begun[8:].decode("utf-8", "replace") if self._begun[4:8] == b"ERR " else ""

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> "tuple[HTTPResponse, Callable[[int], bytes]]":
        answer, read = super()._http_request(url, headers, data, raise_for_status)
        self._begun = b""

        def remembering(size: int) -> bytes:
            arrived = read(size)
            if len(self._begun) < _BEGIN:
                self._begun += arrived[:_BEGIN]
            return arrived

        return answer, remembering


class _Pool(urllib3.PoolManager):
    """urllib3's, which can close what was not read to the end: dulwich leaves some answers as they are."""

    def __init__(self, settings: GitSettings, credentials: Credentials) -> None:
        super().__init__(
            ssl_context=tls(credentials, settings.secret_name),
            timeout=_TIMEOUT,
            # Redirects are followed; credentials go to the first host alone: dulwich and urllib3 see to that.
            retries=urllib3.Retry(total=5, connect=0, read=0, redirect=5, other=0),
            headers={"User-Agent": "git/flow-operator"},
        )
        self._answers: list[urllib3.BaseHTTPResponse] = []

    def request(self, method: str, url: str, *arguments: Any, **more: Any) -> urllib3.BaseHTTPResponse:
        answer = super().request(method, url, *arguments, **more)
        self._answers.append(answer)
        return answer

    def end(self) -> None:
        """Close every connection."""
        for answer in self._answers:
            answer.close()
        self.clear()


class _Nothing:
    """Tells the server that nothing is here yet."""

    shallow: frozenset[bytes] = frozenset()

    def __next__(self) -> None:
        return None

    def ack(self, sha: ObjectID) -> None:
        """Nothing was offered, so nothing is acknowledged."""

    def nak(self) -> None:
        """The same."""


def _known(error: Exception, refusal: str, settings: GitSettings, credentials: Credentials) -> SourceError:
    """What a failure of dulwich means to the one who wrote the spec."""
    where = settings.url
    text = refusal or str(error)
    status = int(found[1]) if (found := re.search(r"unexpected http resp (\d+)", text)) else 0
    if isinstance(error, HTTPUnauthorized) or status in (401, 403):
        given = f"what Secret {settings.secret_name} holds" if credentials.password else "no credentials"
        return SourceUnauthorized(f"{where} wants credentials and was given {given}: set flow.git.secretRef")
    if isinstance(error, NotGitRepository) or status in (404, 410):
        return SourceNotFound(f"there is no repository at {where}, or not for these credentials")
    if "not our ref" in text or "unadvertised object" in text:
        return SourceNotFound(f"{where} has no commit {settings.commit}, or does not give out commits by id")
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return SourceUntrusted(
            f"the certificate of {where} cannot be verified: give its authority's"
            " as key 'ca.crt' of the Secret"
        )
    if isinstance(error, HangupException) and not refusal:
        text = "the server broke off"
    elif not isinstance(error, GitProtocolError | OSError | urllib3.exceptions.HTTPError):
        text = f"what the server sent is no usable pack: {type(error).__name__} {text}"
    return SourceUnavailable(f"{where}: {clean(text, credentials.secrets)}")
