"""A real S3 server (versitygw) with one bucket, and Secrets as the kubelet mounts them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flow_runtime.contracts.settings import StoreSettings
from tests.integration.processes import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
KEY, SECRET = "test-access-key", "test-secret-key"


@dataclass(frozen=True)
class S3:
    """A bucket behind a real S3 server; `folder` is what the server keeps on disk."""

    endpoint: str
    folder: Path
    secret: Path
    bucket: str = "records"

    @property
    def settings(self) -> StoreSettings:
        return StoreSettings(url=f"s3://{self.bucket}/prefix", secret=self.secret)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3]:
    kept, port = folder / "s3", free_port()
    (kept / "records").mkdir(parents=True)
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": endpoint}
    command = [_program(), "--port", f"127.0.0.1:{port}", "--access", KEY, "--secret", SECRET, "posix", kept]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield S3(endpoint, kept, secret_folder(folder / "store-secret", **keys))
    finally:
        process.terminate()
        process.wait(10)


def secret_folder(folder: Path, **keys: str) -> Path:
    folder.mkdir(parents=True)
    for key, value in keys.items():
        (folder / key).write_text(value)
    return folder


@cache
def _program() -> Path:
    """Where versitygw is; it is built from its Go module where it is missing (two minutes, once)."""
    subprocess.run([ROOT / "hack/cluster/build-go", "versitygw"], check=True, stdout=subprocess.DEVNULL)
    return ROOT / ".cache/bin/versitygw"
