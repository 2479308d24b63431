"""CPU and memory of the collector's process for records of 2 KB: `python -m tests.redaction.speed`."""

import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from flow_runtime.contracts.settings import (
    CollectionSettings,
    Identity,
    RedactKey,
    RedactSettings,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from flow_runtime.patterns.find import KINDS, find
from flow_runtime.server.recorder import uuid7
from tests.redaction.lookalikes import LOOKALIKES
from tests.redaction.planted import SECRETS

RECORDS, RATE, FOUND_IN = 20_000, 500, 0.1


def main() -> int:
    for title, patterns, share in (
        ("no patterns", (), FOUND_IN),
        ("all patterns, 10 % of records with a find", KINDS, FOUND_IN),
        ("all patterns, all records with a find", KINDS, 1.0),
    ):
        idle, least = run((), patterns)
        busy, peak = run(lines(share), patterns)
        each = (busy - idle) / RECORDS
        print(
            f"{title}: {each * 1e6:.0f} µs of CPU per record, {each * RATE:.1%} of a core at {RATE}/s,"
            f" {peak / 1024:.0f} MiB at most, {least / 1024:.0f} when idle"
        )
    return 0


def run(records: Iterator[bytes] | tuple[()], patterns: tuple[str, ...]) -> tuple[float, int]:
    """Let a collector drain a spool; returns its seconds of CPU and the KiB that it had at most."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        spool = folder / "spool"
        spool.mkdir()
        (folder / "hash_key").write_text("0" * 32)
        redact = RedactSettings(
            patterns=patterns,
            keys=(RedactKey(name="password", action="Drop"), RedactKey(name="customer_id", action="Hash")),
            hash_key=folder,
        )
        settings = ServerSettings(
            identity=Identity(namespace="shop", deployment="bot"),
            revision="r",
            collection=CollectionSettings(
                store=StoreSettings(url=(folder / "store").as_uri()),
                spool=SpoolSettings(directory=spool),
                redact=redact,
            ),
        )
        (folder / "settings.json").write_text(settings_json(settings))
        _write(spool, records)
        code = [sys.executable, "-m", "flow_runtime.collector", str(folder / "settings.json")]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(code, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert "collecting" in process.stderr.readline()
        peak = 0
        os.kill(process.pid, signal.SIGTERM)
        while process.poll() is None:
            peak = max(peak, _peak_kib(process.pid))
            time.sleep(0.01)
        process.communicate()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert not list(spool.glob("*.jsonl"))
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return used, peak


def _peak_kib(pid: int) -> int:
    """Read the most memory that a process has had (proc(5), VmHWM); 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def _write(spool: Path, records: Iterator[bytes] | tuple[()]) -> None:
    """Write segments as large as those that a pod under this load seals every ten seconds."""
    each = list(records)
    for number, start in enumerate(range(0, len(each), RATE * 5)):
        part = b"".join(line + b"\n" for line in each[start : start + RATE * 5])
        (spool / f"{number + 1:08d}.jsonl").write_bytes(part)


def lines(share: float) -> Iterator[bytes]:
    """Make records as the server does: a question, retrieved texts, an answer; some with a secret in them."""
    draw = random.Random(1)
    page = (Path(__file__).parents[2] / "README.md").read_text()
    words = [word for word in page.split() if not find(word, KINDS)]
    secrets = [text for texts in SECRETS.values() for text in texts]
    lookalikes = [text for texts in LOOKALIKES.values() for text in texts if not find(text, KINDS)]

    def text(size: int) -> str:
        made = " ".join(draw.choice(words) for _ in range(size // 6))
        return f"{made} {draw.choice(lookalikes)}" if draw.random() < 0.1 else made

    for _ in range(RECORDS):
        request = uuid7()
        question = text(100) + (f" {draw.choice(secrets)}" if draw.random() < share else "")
        record = {
            "v": 1,
            "id": request,
            "time": "2026-11-22T17:03:12.123456Z",
            "namespace": "shop",
            "deployment": "bot",
            "revision": "abcdefabcdef",
            "pod": "bot-7d9f6c-abcde",
            "request_id": request,
            "trace_id": None,
            "user": None,
            "inputs": {
                "question": question,
                "history": [{"inputs": {"q": "hi"}, "outputs": {"a": "Hello!"}}],
            },
            "outputs": {"answer": text(300), "docs": [text(220) for _ in range(4)]},
            "nodes": {},
            "status": 200,
            "error": None,
            "streamed": False,
            "latency_ms": round(draw.random() * 2000, 3),
            "first_byte_ms": round(draw.random() * 2000, 3),
            "tokens": {"prompt": draw.randrange(900), "completion": draw.randrange(300)},
            "calls": [{"node": "chat", "model": "m", "ms": 800.1, "tokens": {"prompt": 1, "completion": 2}}],
            "sampled": {"percent": 100, "why": "rate"},
            "redacted": {},
            "truncated": [],
        }
        yield orjson.dumps(record)


if __name__ == "__main__":
    sys.exit(main())
