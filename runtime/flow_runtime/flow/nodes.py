"""What nodes have in common in a run, and the prompt node. A failure is a NodeError that names the node."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flow_runtime.flow.assignment import Assignment
from flow_runtime.flow.errors import PromptError
from flow_runtime.flow.roles import Guarded, unguard
from flow_runtime.flow.run import Run
from flow_runtime.flow.template import Render
from flow_runtime.llm.errors import clean


class Runner(Protocol):
    """A node that is ready to run."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def assignment(self) -> Assignment:
        """How its inputs get their values."""

    @property
    def streams(self) -> bool:
        """Whether its output can be given piece by piece."""

    async def run(self, run: Run) -> Any:
        """Compute the node's output. Raises NodeError."""

    def chunks(self, run: Run, value: Any) -> AsyncIterator[Any]:
        """Give piece by piece what a run gave that is yet to be read. Raises NodeError."""


@dataclass(frozen=True)
class PromptNode:
    """Renders a template; its text goes on guarded into the prompts of later nodes."""

    name: str
    render: Render
    assignment: Assignment
    streams: bool = False

    async def run(self, run: Run) -> Guarded:
        """Render."""
        return Guarded(rendered(self.name, self.render, self.assignment.guarded(run)))

    def chunks(self, run: Run, value: Any) -> AsyncIterator[Any]:
        """Give it as it is: a text is never yet to be read."""
        chunks: AsyncIterator[Any] = value
        return chunks


def rendered(node: str, render: Render, values: Mapping[str, Any]) -> str:
    """Render a prompt. Raises PromptError; the sandbox's refusals and an author's mistakes alike."""
    try:
        return render(values)
    except Exception as error:  # templates call methods of any value
        said = clean(unguard(f"{type(error).__name__}: {error}"))
        raise PromptError(node, f"node '{node}': its prompt cannot be rendered: {said}") from error
