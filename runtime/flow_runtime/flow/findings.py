"""All that is wrong with a flow: each error is kept, and what does not depend on it is looked at as well."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flow_runtime.flow.errors import FlowLoadError

TOOL = "ResolveToolError"
"""What promptflow wraps an error of a node's tool in."""


class Findings:
    """The errors of one flow, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[FlowLoadError] = []
        self._nodes: set[str] = set()

    @contextmanager
    def keep(
        self, node: str = "", at: Sequence[str | int] = (), wrapped_in: str = "", under: str = ""
    ) -> Iterator[None]:
        """Keep the error of a block, if it has one, and go on behind it. A `node` then counts as broken.

        `at` is its place where it names none itself, `under` the key that leads to its place.
        """
        try:
            yield
        except FlowLoadError as error:
            for each in (error, *error.others):
                each.at = each.at or tuple(str(step) for step in at)
                each.at = (under, *each.at) if under else each.at
                each.wrapped_in = each.wrapped_in or wrapped_in
            self.add(error)
            if node:
                self._nodes.add(node)

    def add(self, error: FlowLoadError) -> None:
        """Keep an error and those that it carries."""
        others, error.others = error.others, ()
        self._found += [error, *others]

    @property
    def empty(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self._found

    def leave(self, node: str) -> None:
        """Count a node as broken, of which the error is kept already."""
        self._nodes.add(node)

    def broken(self, node: str) -> bool:
        """Whether a node had better not be looked at any further."""
        return node in self._nodes

    def settle(self) -> None:
        """Raise the first error, which carries the others, if there is any."""
        if self._found:
            first, *others = self._found
            first.others = tuple(others)
            raise first
