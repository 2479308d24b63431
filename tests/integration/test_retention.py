"""Retention as a process, against a real S3 server that keeps its objects as files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flow_runtime.contracts.retention import RetentionSettings, RetentionSummary
from flow_runtime.contracts.settings import Identity, StoreSettings, settings_json
from flow_runtime.store.keys import evaluation_key, feedback_key, segment_key
from tests.integration.s3 import S3, s3_server

BOT = Identity(namespace="shop", deployment="bot")
TWIN = Identity(namespace="shop", deployment="bot-2")
NOW = datetime.now(UTC)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    users = tmp_path / "users"
    users.mkdir()
    with s3_server(tmp_path, "env", f"VGW_IAM_DIR={users}") as server:
        yield server


def put(s3: S3, key: object, days_ago: float = 0) -> str:
    """Lay an object into the server's folder, as old as it has to be."""
    path = s3.folder / s3.bucket / "prefix" / str(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(path, (then, then))
    return str(key)


def names(s3: S3) -> set[str]:
    root = s3.folder / s3.bucket / "prefix"
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return found - {"default/shop/bot/retention/clock"}


def run(folder: Path, store: StoreSettings, *, dry_run: bool = False) -> tuple[int, RetentionSummary]:
    """Run it as its container does: exit code, and what it tells the operator."""
    file, message = folder / "retention.json", folder / "message"
    settings = RetentionSettings(identity=BOT, store=store, days=30, dry_run=dry_run)
    file.write_text(settings_json(settings))
    done = subprocess.run(
        [sys.executable, "-m", "flow_runtime.retention", file],
        env=os.environ | {"FLOW_TERMINATION_LOG": str(message)},
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return done.returncode, RetentionSummary.model_validate_json(message.read_bytes())


def test_a_dry_run_tells_and_a_run_deletes_what_is_too_old(s3: S3, tmp_path: Path) -> None:
    old = NOW - timedelta(days=45)
    gone = {put(s3, segment_key(BOT, old, "pod", number, 2)) for number in range(1, 1102)}
    gone.add(put(s3, feedback_key(BOT, old, "pod", 1, 3)))
    gone.add(put(s3, evaluation_key(BOT, "weekly", "weekly-1", "report.html"), days_ago=45))
    stays = {
        put(s3, segment_key(BOT, NOW - timedelta(days=29), "pod", 1, 2)),
        put(s3, segment_key(TWIN, old, "pod", 1, 2)),
        put(s3, evaluation_key(BOT, "weekly", "weekly-2", "report.html"), days_ago=20),
        put(s3, f"default/shop/bot/records/date={old:%Y-%m-%d}/hour={old:%H}/notes.txt", days_ago=45),
    }
    code, would = run(tmp_path, s3.settings, dry_run=True)
    assert (code, would.objects, would.rows, would.foreign) == (0, 1103, 2205, 1)
    assert names(s3) == gone | stays
    code, did = run(tmp_path, s3.settings)
    assert (code, did.objects, did.rows, did.foreign, did.problem) == (0, 1103, 2205, 1, "")
    assert names(s3) == stays
    assert did.oldest is not None
    assert did.oldest <= NOW - timedelta(days=29)


def test_without_the_right_to_delete_it_says_which_right_is_missing(s3: S3, tmp_path: Path) -> None:
    key = put(s3, segment_key(BOT, NOW - timedelta(days=45), "pod", 1, 2))
    store = s3.limited("s3:ListBucket", "s3:PutObject")
    code, did = run(tmp_path, store)
    assert (code, did.problem, did.objects) == (1, "StoreForbidden", 0)
    assert f"cannot delete {key}" in did.message
    assert "AccessDenied" in did.message
    assert "DeleteObject" in did.message
    assert names(s3) == {key}


def test_with_these_rights_and_no_others_it_deletes(s3: S3, tmp_path: Path) -> None:
    put(s3, segment_key(BOT, NOW - timedelta(days=45), "pod", 1, 2))
    code, did = run(tmp_path, s3.limited("s3:ListBucket", "s3:PutObject", "s3:DeleteObject"))
    assert (code, did.problem, did.objects) == (0, "", 1)
    assert names(s3) == set()


def test_a_second_run_is_needed_where_the_last_one_seems_long_ago(s3: S3, tmp_path: Path) -> None:
    put(s3, "default/shop/bot/retention/clock", days_ago=400)
    key = put(s3, segment_key(BOT, NOW - timedelta(days=45), "pod", 1, 2))
    code, did = run(tmp_path, s3.settings)
    assert (code, did.problem) == (3, "ClockImplausible")
    assert names(s3) == {key}
    assert run(tmp_path, s3.settings)[0] == 0
    assert names(s3) == set()


def test_what_keeps_a_run_from_its_store_is_told_within_the_limit(tmp_path: Path) -> None:
    code, did = run(
        tmp_path, StoreSettings(url="s3://records", secret=tmp_path / "none", secret_name="store")
    )
    assert (code, did.problem) == (1, "StoreSecretInvalid")
    assert "the store's Secret store is missing" in did.message
    assert "DeleteObject" not in did.message
    assert len(json.dumps(did.model_dump(mode="json"))) < 4096
