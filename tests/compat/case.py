"""What a flow of the corpus is: files, requests, environment. Standard library only."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

JSON = "application/json"
SSE = "text/event-stream"


@dataclass(frozen=True)
class Ask:
    """One request. A body that is not bytes or text is sent as JSON."""

    body: Any = None
    accept: str | None = None
    path: str = "/score"
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    def wire(self) -> dict[str, Any]:
        """As an engine's process reads it."""
        headers = {"content-type": JSON, **self.headers}
        if self.accept is not None:
            headers["accept"] = self.accept
        return {
            "method": self.method,
            "path": self.path,
            "headers": headers,
            "content": self.content.decode("latin-1"),
        }


@dataclass(frozen=True)
class FlowCase:
    """One small flow and what it is asked. `row` names the part of PROMPTFLOW.md that it stands for."""

    name: str
    row: str
    files: dict[str, str]
    asks: tuple[Ask, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    error: str = ""
    """For a broken flow: promptflow's name of what is wrong."""

    def write(self, folder: Path) -> None:
        """Write the flow's files."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")


def flow(
    name: str, row: str, definition: str, *asks: Any, env: dict[str, str] | None = None, **files: str
) -> FlowCase:
    """A flow of flow.dag.yaml (or flow.flex.yaml where it has an entry, or a prompty) and further files.

    Files are named by keyword: `say_py` is say.py, `lib__more_py` is lib/more.py. An ask that is no Ask is
    the JSON body of a request.
    """
    text = dedent(definition).lstrip("\n")
    kind = "flow.flex.yaml" if "\nentry:" in "\n" + text else "flow.dag.yaml"
    written = {f"{name}.prompty" if text.startswith("---") else kind: text}
    for key, content in files.items():
        stem, _, suffix = key.replace("__", "/").rpartition("_")
        written[f"{stem}.{suffix}"] = dedent(content).lstrip("\n")
    made = tuple(ask if isinstance(ask, Ask) else Ask(ask) for ask in asks)
    return FlowCase(name, row, written, made, env or {})
