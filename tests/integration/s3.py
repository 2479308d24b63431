"""A real S3 server with one bucket, and Secrets as the kubelet mounts them.

versitygw, or s3s-fs where S3_SERVER says where that is (`make stores-second`).
"""

import json
import os
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

    def limited(self, *actions: str) -> StoreSettings:
        """The bucket as seen by a user who may do this and nothing else (of a server with VGW_IAM_DIR)."""
        admin = ["admin", "--access", KEY, "--secret", SECRET, "--endpoint-url", self.endpoint]
        create = ["create-user", "--access", "limited", "--secret", "limited-secret", "--role", "user"]
        subprocess.run([_program(), *admin, *create], check=True, stdout=subprocess.DEVNULL)
        allow = {"Effect": "Allow", "Principal": {"AWS": ["limited"]}, "Action": list(actions)}
        place = f"arn:aws:s3:::{self.bucket}"
        objects = {"Resource": [f"{place}/*"], "Action": [each for each in actions if "Object" in each]}
        lists = {"Resource": [place], "Action": [each for each in actions if "Object" not in each]}
        policy = {"Version": "2012-10-17", "Statement": [allow | objects, allow | lists]}
        # Where the server keeps a bucket's policy.
        os.setxattr(self.folder / self.bucket, "user.policy", json.dumps(policy).encode())
        keys = {"access_key_id": "limited", "secret_access_key": "limited-secret", "endpoint": self.endpoint}
        folder = secret_folder(self.secret.with_name("limited-secret"), **keys)
        return StoreSettings(url=f"s3://{self.bucket}/prefix", secret=folder)

    @property
    def settings(self) -> StoreSettings:
        return StoreSettings(url=f"s3://{self.bucket}/prefix", secret=self.secret)


@contextmanager
def s3_server(folder: Path, *behind: str) -> Iterator[S3]:
    """Run one; `behind` is a command that runs its arguments, such as nice."""
    kept, port = folder / "s3", free_port()
    (kept / "records").mkdir(parents=True)
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": endpoint}
    process = subprocess.Popen(
        [*behind, *_command(port, kept)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
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


def _command(port: int, kept: Path) -> list[str | Path]:
    if other := os.environ.get("S3_SERVER"):
        options = ["--host", "127.0.0.1", "--port", str(port), "--access-key", KEY, "--secret-key", SECRET]
        return [other, *options, kept]
    options = ["--port", f"127.0.0.1:{port}", "--access", KEY, "--secret", SECRET]
    return [_program(), *options, "posix", kept]


@cache
def _program() -> Path:
    """Where versitygw is; it is built from its Go module where it is missing (two minutes, once)."""
    subprocess.run([ROOT / "hack/cluster/build-go", "versitygw"], check=True, stdout=subprocess.DEVNULL)
    return ROOT / ".cache/bin/versitygw"
