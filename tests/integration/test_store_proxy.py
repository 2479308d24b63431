"""The proxy that makes a store fail, before a real S3 server, seen by our client."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from flow_runtime.store import Store, StoreUnavailableError
from tests.integration.processes import free_port, wait_for_port
from tests.integration.s3 import KEY, S3, SECRET, s3_server, secret_folder

SCRIPT = Path(__file__).parents[1] / "e2e" / "pods" / "store_proxy.py"
BODY = bytes(200_000)


class Proxied:
    """A store behind the proxy, and its switch."""

    def __init__(self, behind: S3, port: int, control: int, secret: Path) -> None:
        self.behind = behind
        self.store = Store.open(replace_secret(behind, port, secret).settings)
        self._control = control

    def is_(self, mode: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._control, timeout=5)
        connection.request("PUT", f"/{mode}")
        assert connection.getresponse().status == 200
        connection.close()


def replace_secret(s3: S3, port: int, secret: Path) -> S3:
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": endpoint}
    return replace(s3, endpoint=endpoint, secret=secret_folder(secret, **keys))


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Proxied]:
    port, control = free_port(), free_port()
    with s3_server(tmp_path) as s3:
        places = [f"127.0.0.1:{port}", f"127.0.0.1:{control}", s3.endpoint.removeprefix("http://")]
        with subprocess.Popen([sys.executable, str(SCRIPT), *places], stdout=subprocess.DEVNULL) as process:
            wait_for_port(control)
            yield Proxied(s3, port, control, tmp_path / "proxied")
            process.kill()


@pytest.mark.parametrize("mode", ["503", "reset", "truncate"])
async def test_a_store_that_fails_takes_nothing_and_takes_it_when_it_is_well_again(
    proxied: Proxied, mode: str
) -> None:
    proxied.is_(mode)
    with pytest.raises(StoreUnavailableError):
        await proxied.store.put("some/object", BODY)
    direct = Store.open(proxied.behind.settings)
    assert await direct.list("") == []
    proxied.is_("ok")
    await proxied.store.put("some/object", BODY)
    assert await direct.get("some/object") == BODY


async def test_a_slow_store_gets_there(proxied: Proxied) -> None:
    proxied.is_("slow")
    await proxied.store.put("some/object", BODY)
    assert await proxied.store.list("") == ["some/object"]
