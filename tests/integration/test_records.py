"""flowop records as people and scripts call it, over folders and a real S3 server."""

import gzip
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.cli.main import main
from flow_runtime.contracts.record import Record, RecordError
from flow_runtime.contracts.settings import Identity
from flow_runtime.store import Store
from flow_runtime.store.keys import segment_key
from tests.integration.s3 import KEY, S3, SECRET, s3_server, secret_folder
from tests.unit.evaluator_parts import BOT, record
from tests.unit.reading_parts import feedback, put

pytestmark = pytest.mark.timeout(60)

FLOWOP = [sys.executable, "-m", "flow_runtime.cli.main", "records"]
MINUTE = timedelta(minutes=1)


def recent(number: int, **changes: Any) -> Record:
    return record(number, time=datetime.now(UTC) - number * MINUTE, **changes)


def failed(number: int) -> Record:
    error = RecordError(code="LLMUnavailable", message="the LLM answered 503", node="chat")
    return recent(number, status=502, outputs=None, error=error)


def records(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*FLOWOP, *map(str, arguments)]
    environ = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=40, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pods: six records, one of them failed, and two feedbacks."""
    store, now = tmp_path / "store", datetime.now(UTC)
    put(store, [recent(5), failed(3)], 1, "pod-a", now)
    put(store, [recent(1)], 2, "pod-a", now)
    put(store, [recent(6), recent(4), recent(2)], 1, "pod-b", now)
    put(store, [feedback(4, time=now), feedback(99, time=now, request_id="unknown")], sealed=now)
    return store


def test_records_of_all_pods_stand_in_order_with_their_feedback(folder: Path) -> None:
    done = records("--store", folder.as_uri())
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("number ")[1][0] for line in lines if "How much" in line] == list("654321")
    assert "How much is number 4? → Number 4 costs 4 dollars." in lines[2]
    assert lines[3].endswith('↳ feedback  {"score": 4}')
    assert "  502 " in lines[4]
    assert "How much is number 3? → LLMUnavailable in chat: the LLM answered 503" in lines[4]
    assert "feedback  shop/bot unknown  " in lines[-1]
    assert "\x1b" not in done.stdout


def test_scripts_get_the_very_lines_that_are_stored(folder: Path) -> None:
    stored = {
        line
        for path in folder.rglob("*.jsonl.gz")
        for line in gzip.decompress(path.read_bytes()).splitlines()
    }
    done = records("--store", folder.as_uri(), "--json")
    lines = done.stdout.encode().splitlines()
    assert (set(lines), len(lines)) == (stored, 8)
    assert [json.loads(line).get("request_id") for line in lines[2:4]] == ["r4", "r4"]


def test_one_can_ask_for_failures_a_time_a_number_and_a_deployment(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    url = folder.as_uri()
    other = Identity(namespace="shop", deployment="other")
    put(folder, [recent(1, id="other", deployment="other")], sealed=datetime.now(UTC), identity=other)
    for arguments, wanted in (
        (["--failed", "--deployment=bot"], ["r3"]),
        (["--failed", "--deployment=other"], []),
        (["--since=150s", "--namespace=shop"], ["r2", "r1", "r1"]),
        (["--until=330s"], ["r6"]),
        (["--limit=2"], ["r6", "r5"]),
        (["--cluster=default", "--namespace=shop", "--deployment=other"], ["r1"]),
    ):
        assert main(["records", "--store", url, "--json", *arguments]) == 0
        rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        assert [row["request_id"] for row in rows if "inputs" in row] == wanted, arguments
    main(["records", "--store", url, "--failed"])
    assert "shop/bot  How much is number 3?" in capfd.readouterr().out
    main(["records", "--store", f"{url}/default/shop/bot", "--json"])
    assert len(capfd.readouterr().out.splitlines()) == 8


def test_what_is_missing_is_named_and_the_exit_code_says_so(folder: Path) -> None:
    now = datetime.now(UTC)
    put(folder, [recent(1, id="late")], 5, "pod-a", now)
    torn = folder / str(segment_key(BOT, now, "pod-c", 1, 9))
    torn.write_bytes(b"\x1f\x8b\x08no gzip")
    (torn.parent / "notes.txt").write_text("not ours")
    done = records("--store", folder.as_uri(), "--json")
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 9
    assert f"{torn.relative_to(folder)} is damaged: 0 of 9 rows can be read" in done.stderr
    assert "pod pod-a: segments 3-4 are missing" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "file:///no/such/folder"], "there is no such folder"),
        (["--store", "ftp://x"], "s3://bucket/prefix"),
        (["--store", "FOLDER", "--since", "soon"], "--since 'soon' is no time"),
        (["--store", "FOLDER", "--deployment", "none"], "there are: default/shop/bot"),
        (["--store", "FOLDER", "--cluster", "a", "--namespace", "b/c", "--deployment", ".."], "is no name"),
        (["--store", "s3://[bucket"], "s3://bucket/prefix"),
        (["--store", "FOLDER", "--limit", "0"], "give 1 or more"),
        (["--store", "s3://bucket", "--secret", "FOLDER"], "has no key 'access_key_id'"),
        ([], "--store"),
    ],
)
def test_a_mistake_is_said_in_a_line(
    folder: Path, arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["records", *(each.replace("FOLDER", folder.as_uri()) for each in arguments)])
    except SystemExit as end:  # argparse's own
        code = int(end.code or 0)
    out, err = capfd.readouterr()
    assert (code in (1, 2), out) == (True, "")
    assert said in err


def test_a_terminal_gets_colours_columns_of_its_width_and_no_hostile_text(folder: Path) -> None:
    put(folder, [recent(0, inputs={"query": "\x1b[2J\u202ehi"})], 2, "pod-b", datetime.now(UTC))
    for quiet in ({}, {"NO_COLOR": "1"}):
        shown = on_a_terminal("--store", folder.as_uri(), "--deployment", "bot", **quiet)
        assert "TIME (UTC)" in shown
        assert "[2J hi → Number 0 costs 0 dollars." in shown
        assert "\x1b[2J" not in shown
        assert "\u202e" not in shown
        assert ("\x1b[31mLLMUnavailable" in shown) == (not quiet)


def on_a_terminal(*arguments: object, **environ: str) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", **environ}
    if not environ:
        environment.pop("NO_COLOR", None)
    command = [*FLOWOP, *map(str, arguments)]
    subprocess.run(command, stdout=theirs, stderr=theirs, env=environment, check=True, timeout=40)
    shown = os.read(ours, 2**16).decode()
    os.close(ours)
    os.close(theirs)
    return shown


def test_who_stops_reading_gets_no_traceback(tmp_path: Path) -> None:
    put(
        tmp_path, [recent(number % 50, id=f"id-{number}") for number in range(5000)], sealed=datetime.now(UTC)
    )
    with subprocess.Popen(
        [*FLOWOP, "--store", tmp_path.as_uri(), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert reading.stdout.readline().startswith(b"{")
        reading.stdout.close()
        assert reading.stderr.read() == b""


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_ctrl_c_ends_it_at_once_though_the_store_hangs(tmp_path: Path, silent: str) -> None:
    secret = secret_folder(
        tmp_path / "secret", access_key_id="a", secret_access_key="b", region="x", endpoint=silent
    )
    place = ["--cluster=default", "--namespace=shop", "--deployment=bot"]
    with subprocess.Popen(
        [*FLOWOP, "--store", "s3://b", "--secret", str(secret), *place], stderr=subprocess.PIPE, text=True
    ) as reading:
        with pytest.raises(subprocess.TimeoutExpired):
            reading.wait(3)
        reading.send_signal(signal.SIGINT)
        assert reading.wait(5) == 130
        assert reading.stderr is not None
        assert "Traceback" not in reading.stderr.read()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


async def test_records_come_back_from_an_s3_server_from_any_place_in_it(s3: S3) -> None:
    store, rows = Store.open(s3.settings), [recent(number) for number in (3, 2, 1)]
    data = gzip.compress("".join(row.model_dump_json() + "\n" for row in rows).encode())
    await store.put(str(segment_key(BOT, datetime.now(UTC), "pod-a", 1, 3)), data)
    for below in ("", "/default", "/default/shop/bot"):
        done = records("--store", s3.settings.url + below, "--secret", s3.secret, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [row.id for row in rows]


async def test_without_a_secret_the_environment_says_where_the_server_is(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Store.open(s3.settings).put(str(segment_key(BOT, datetime.now(UTC), "pod-e", 1, 0)), b"")
    for name, value in (
        ("ACCESS_KEY_ID", KEY),
        ("SECRET_ACCESS_KEY", SECRET),
        ("ENDPOINT_URL", s3.endpoint),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    done = records("--store", s3.settings.url)
    assert done.returncode == 0, done.stderr


def test_a_store_that_cannot_be_read_is_said_without_its_keys(s3: S3, tmp_path: Path) -> None:
    keys = {name: (s3.secret / name).read_text() for name in ("access_key_id", "endpoint")}
    secret = secret_folder(tmp_path / "secret", secret_access_key="wrong-key-of-mine", **keys)
    done = records("--store", s3.settings.url, "--secret", secret)
    assert (done.returncode, done.stdout) == (1, "")
    assert "SignatureDoesNotMatch" in done.stderr
    assert "wrong-key-of-mine" not in done.stderr
