"""What is wrong with a flow, as people and scripts are told: name, place, the line itself, message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_runtime.cli.screen import QUOTE, Screen
from flow_runtime.cli.where import Place, place_of
from flow_runtime.flow.errors import FlowLoadError

LINE_LIMIT = 160
MESSAGE_LIMIT = 1000
INCLUDES = "additional_includes"


@dataclass(frozen=True)
class Finding:
    """One error of a flow."""

    name: str
    message: str
    upstream: tuple[str, ...] = ()
    """promptflow's classes for it, outermost first."""
    place: Place | None = None
    text: str = ""
    """The line of the place."""

    @classmethod
    def of(cls, error: FlowLoadError, directory: Path | None = None) -> "Finding":
        """Make one of an error, with its place in the flow's folder."""
        message = str(error)
        if len(message) > MESSAGE_LIMIT:
            message = f"{message[: MESSAGE_LIMIT - 3]}..."
        place = place_of(error, directory) if directory else None
        text = place.text(directory)[:LINE_LIMIT] if place and directory else ""
        return cls(error.name, message, error.upstream, place, text)

    def as_json(self) -> dict[str, Any]:
        """Give it as scripts get it."""
        return {
            "name": self.name,
            "message": self.message,
            "file": self.place.file if self.place else None,
            "line": self.place.line if self.place else None,
            "upstream": list(self.upstream),
        }

    def show(self, flow: str, screen: Screen) -> None:
        """Tell it to a person."""
        others = [name for name in self.upstream if name != self.name]
        aside = f"promptflow: {', '.join(others)}" if others else ""
        details = [str(self.place)] if self.place else []
        details += [f"  {QUOTE}{self.text}"] if self.text else []
        screen.failed(f"{flow}: {self.name}", *details, self.message, aside=aside)


def findings_of(error: FlowLoadError, directory: Path) -> list[Finding]:
    """List what is wrong with the flow in a folder, each thing once."""
    found: dict[object, Finding] = {}
    for each in (error, *error.others):
        finding = Finding.of(each, directory)
        # An include that cannot be packaged is missed by the loader, too.
        found.setdefault(each.at if each.at[:1] == (INCLUDES,) else finding.message, finding)
    return list(found.values())


def refuse(flow: str, findings: Sequence[Finding], as_json: bool, screen: Screen) -> None:
    """Tell all that is wrong with a flow."""
    if as_json:
        screen.result({"valid": False, "flow": flow, "errors": _as_json(findings)})
        return
    for finding in findings:
        finding.show(flow, screen)
    if len(findings) > 1:
        screen.note(f"{flow}: {len(findings)} errors")


def _as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.as_json() for finding in findings]
