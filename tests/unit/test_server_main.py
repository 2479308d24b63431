"""Settings that cannot be served by are said to be so, and why."""

import json
from pathlib import Path

import pytest

from flow_runtime.server.main import main

UNUSABLE = {
    "no file": (None, "No such file"),
    "no JSON": ("{", "file: Invalid JSON"),
    "a missing field": (
        json.dumps({"identity": {"namespace": "n", "deployment": "d"}}),
        "revision: Field required",
    ),
    "a wrong field": (
        json.dumps({"identity": {"namespace": "n", "deployment": "d"}, "revision": "r", "flow": 5}),
        "flow: Input is not a valid path",
    ),
}


@pytest.mark.parametrize(("content", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_settings_are_refused_for(
    content: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_text(content)
    assert main([str(path)]) == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert "Traceback" not in shown
