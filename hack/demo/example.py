"""The example's files as the demo needs them: the flow as one archive, and the questions."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "support-bot"
MODEL_IN_FLOW = "gpt-5-mini"
STORY = "Daniel Wilson が BaseCamp Folding Table を注文したのはいつですか？"
"""The question that this project began with: its short, correct, cited answer was failed without a reason."""

Question = dict[str, Any]


def questions() -> list[Question]:
    """The bodies to POST to /score."""
    lines = (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def flow_archive(model: str = MODEL_IN_FLOW) -> bytes:
    """The flow folder as flow.tar.gz, naming another model if asked.

    Equal files are equal bytes, so that a second run rolls nothing.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted((FOLDER / "flow").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                data = path.read_bytes()
                if path.name == "flow.dag.yaml":
                    data = data.replace(f"model: {MODEL_IN_FLOW}".encode(), f"model: {model}".encode())
                entry = tarfile.TarInfo(path.relative_to(FOLDER / "flow").as_posix())
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)
