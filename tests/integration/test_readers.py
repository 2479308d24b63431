"""What docs/records.md says of other tools runs as it stands there, against a real S3 server."""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.contracts.record import Record, RecordError
from flow_runtime.contracts.settings import Identity
from tests.integration.s3 import KEY, S3, SECRET, s3_server
from tests.unit.evaluator_parts import NOW, record
from tests.unit.reading_parts import feedback, put, write
from tests.unit.records_page import snippet

pytestmark = pytest.mark.timeout(120)

BOT = Identity(namespace="shop", deployment="support-bot")
HOUR = timedelta(hours=1)


def bot(number: int, **changes: Any) -> Record:
    return record(number, deployment="support-bot", **changes)


def fill(folder: Path) -> None:
    """Store records as they come: types that drift, a failure, a segment without rows, other days."""
    error = RecordError(code="LLMUnavailable", message="it answered 503", node="chat")
    drifted = [
        bot(1, inputs={"query": "What?", "chat_history": []}),
        bot(2, inputs={"query": {"text": "an object now"}}, outputs={"reply": 7}, revision="b" * 12),
        bot(3, status=502, outputs=None, error=error, inputs={"query": "How heavy is it?"}),
        bot(4, inputs={"query": "\u2028 \x1b[2J 🎒" + "x" * 2**20}, outputs={"reply": "ü"}),
    ]
    put(folder, drifted[::-1], 1, identity=BOT)
    put(folder, [], 2, identity=BOT)
    put(folder, [bot(10, time=NOW - 10 * HOUR)], 3, sealed=NOW - 10 * HOUR, identity=BOT)
    put(folder, [feedback(1, deployment="support-bot")], identity=BOT)
    # Nobody who asks for the day fetches this: it could not be read.
    other = put(folder, [bot(11)], 4, sealed=NOW - 48 * HOUR, identity=BOT)
    write(folder, other, gzip.compress(b"{no record\n"))


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        fill(server.folder / "flow-records")
        yield server


def run(command: list[str], s3: S3) -> str:
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3.endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_jq_takes_what_the_command_prints(s3: S3) -> None:
    command = snippet("jq").replace("flowop records", f"flowop records --secret {s3.secret}")
    lines = run(["bash", "-o", "pipefail", "-c", command], s3).split("\n")
    assert len(lines) == 6
    assert lines[-2].split("\t")[1:] == ["200", "5", "What?"]


def test_duckdb_reads_what_drifts_and_fetches_only_what_is_asked_for(s3: S3) -> None:
    shown = run([sys.executable, "-c", snippet("duckdb")], s3)
    assert re.search(r"0123456789ab[^\d]+3[^\d]+1[^\d]+12\.5", shown), shown
    assert re.search(r"b{12}[^\d]+1[^\d]+0[^\d]+12\.5[^\d]+15", shown), shown
    assert re.search(r"How heavy is it\?\W+LLMUnavailable", shown), shown


def test_pandas_reads_the_partitions_of_a_day(s3: S3) -> None:
    shown = run([sys.executable, "-c", snippet("pandas")], s3)
    assert re.search(r"0123456789ab\s+4\.0\s+12\.5", shown), shown
    assert re.search(r"b{12}\s+1\.0\s+12\.5", shown), shown
