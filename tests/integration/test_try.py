"""The whole thread in processes, as `make try` runs it: the server, collector and evaluator of the pods."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flow_runtime.contracts.run import Verdict
from flow_runtime.evaluator.report import Report
from hack.demo import llm, local, setup
from hack.demo.example import STORY, questions

TRY_SECONDS = 60


def report_of(folder: Path) -> Report:
    (found,) = folder.glob("store/**/report.json")
    return Report.model_validate_json(found.read_bytes())


@pytest.mark.timeout(90)
def test_sixty_questions_become_sixty_records_and_a_report_with_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    began = time.monotonic()
    said = asyncio.run(local.run(questions(), tmp_path / "try", {}))
    # The bound, with the install left out.
    assert time.monotonic() - began < TRY_SECONDS
    report = report_of(tmp_path / "try")
    assert said.records == 60
    assert len(report.rows) == 60
    assert all(j.reason for row in report.rows for j in row.judgements if j.score is not None)
    assert (tmp_path / "try" / "report.html").stat().st_size > 1000
    shown = capsys.readouterr().out
    assert "scripted-stub, a stub" in shown
    assert "May 7th, 2023 です。[doc3]" in shown


@pytest.mark.timeout(60)
def test_two_rows_alone_are_inconclusive_however_good_they_are(tmp_path: Path):
    asked = [q for q in questions() if "BaseCamp Folding Table" in q["query"] and not q["chat_history"]][:2]
    assert asked[0]["query"] == STORY
    said = asyncio.run(local.run(asked, tmp_path / "try", {}))
    assert {m.verdict for m in said.metrics} == {Verdict.INCONCLUSIVE}
    (story,) = [row for row in report_of(tmp_path / "try").rows if row.question == STORY]
    assert [(j.outcome, bool(j.reason)) for j in story.judgements] == [("passed", True)] * 4


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_process_is_gone_after_an_interrupt(tmp_path: Path, number: signal.Signals):
    code = (
        "import pathlib, sys, asyncio; from hack.demo import local; local.stop_on_terminate();"
        "asyncio.run(local.run(local.example.questions(), pathlib.Path(sys.argv[1]), {}))"
    )
    folder = tmp_path / "try"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "server and collector" in line:
            break
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert running_below(folder) == []


def running_below(folder: Path) -> list[str]:
    """Command lines of live processes that name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
    return found


def test_the_settings_hold_no_key(tmp_path: Path):
    chosen = llm.LLM(llm.Kind.OWN, "m", "http://127.0.0.1:1/v1", "sk-very-secret")
    layout = setup.write(tmp_path, chosen)
    for file in (layout.server_file, layout.evaluator_file):
        assert "sk-very-secret" not in file.read_text()
        json.loads(file.read_text())
    key = layout.server.connections[0].directory / "api_key"
    assert key.stat().st_mode & 0o077 == 0
