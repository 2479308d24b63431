"""The collectors that are compared: how each is started on a folder of sealed segments."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flow_runtime.contracts.settings import (
    CollectionSettings,
    Identity,
    RedactKey,
    RedactSettings,
    ServerSettings,
    SpoolSettings,
    settings_json,
)
from flow_runtime.patterns.find import KINDS
from tests.integration.s3 import S3

ROOT = Path(__file__).parents[2]
BENTHOS = ROOT / ".cache/bin/benthos"
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""As the image has them."""
KEYS = (RedactKey(name="password", action="Drop"), RedactKey(name="api_key", action="Drop"))


@dataclass(frozen=True)
class Subject:
    """A collector: its command for a place, and whether it goes on until it is told to end."""

    title: str
    command: Callable[[Path, S3], list[str]]
    until_told: bool = False
    redacts: bool = False
    pods_memory: bool = True


def ours(redact: RedactSettings) -> Callable[[Path, S3], list[str]]:
    """The collector with a policy."""

    def command(place: Path, s3: S3) -> list[str]:
        settings = ServerSettings(
            identity=Identity(namespace="shop", deployment="bot"),
            revision="abcdefabcdef",
            request_timeout_seconds=600,
            collection=CollectionSettings(
                store=s3.settings, spool=SpoolSettings(directory=place / "spool"), redact=redact
            ),
        )
        (place / "settings.json").write_text(settings_json(settings))
        return [sys.executable, "-m", "flow_runtime.collector", str(place / "settings.json")]

    return command


def by_hand(place: Path, s3: S3) -> list[str]:
    """The loop made by hand."""
    return [
        sys.executable,
        "-m",
        "tests.collector_bench.by_hand",
        str(place / "spool"),
        s3.bucket,
        str(s3.secret),
    ]


def benthos(place: Path, s3: S3) -> list[str]:
    """Benthos 4.27: lines of files, batches of 8 MiB, gzip at its default level, S3."""
    keys = {path.name: path.read_text() for path in s3.secret.iterdir()}
    config = {
        "http": {"enabled": False},
        "logger": {"level": "ERROR"},
        "input": {"file": {"paths": [f"{place}/spool/*.jsonl"], "scanner": {"lines": {}}}},
        "output": {
            "aws_s3": {
                "bucket": s3.bucket,
                "endpoint": keys["endpoint"],
                "region": "us-east-1",
                "force_path_style_urls": True,
                "credentials": {"id": keys["access_key_id"], "secret": keys["secret_access_key"]},
                "path": "benthos/${! timestamp_unix_nano() }.jsonl.gz",
                "batching": {
                    "byte_size": 8 * 2**20,
                    "period": "1s",
                    "processors": [{"archive": {"format": "lines"}}, {"compress": {"algorithm": "gzip"}}],
                },
            }
        },
    }
    (place / "benthos.json").write_text(json.dumps(config))
    return [str(BENTHOS), "-c", str(place / "benthos.json")]


SUBJECTS = (
    Subject("this collector, no redaction", ours(RedactSettings()), until_told=True),
    Subject(
        "this collector, two keys dropped and e-mail masked",
        ours(RedactSettings(keys=KEYS, patterns=("email",))),
        until_told=True,
    ),
    Subject(
        "this collector, two keys and all patterns",
        ours(RedactSettings(keys=KEYS, patterns=KINDS)),
        until_told=True,
    ),
    Subject("a loop made by hand", by_hand),
    *([Subject("Benthos 4.27", benthos)] if BENTHOS.exists() else []),
)


def environment() -> dict[str, str]:
    """The environment of every subject."""
    return os.environ | MALLOC | {"POD_UID": "bench-pod", "GOMAXPROCS": "1"}
