"""Follows the mounted Secrets: a new value is read, checked and swapped in; a broken one leaves the old."""

from flow_runtime.flow.load import Loaded
from flow_runtime.llm.connection import Connections
from flow_runtime.llm.errors import clean
from flow_runtime.server import log

READ_TICKS = 10
"""Ticks after which the files are read whether or not a link says that they were swapped."""
MESSAGE_LIMIT = 1000


class SecretWatch:
    """The connections of a server, and what is wrong with them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._ticks = 0
        self.problem = ""
        """Empty while every Secret can be used as it is now."""

    def tick(self, flow: Loaded | None) -> None:
        """Look whether there is something new; once a second."""
        self._ticks += 1
        due = self._ticks % READ_TICKS == 0 or not self._connections.resolved
        if due or self._connections.moved:
            self.refresh(flow)

    def refresh(self, flow: Loaded | None) -> None:
        """Read all again, and let the flow's variables follow."""
        before = dict(self._connections.taken)
        problem = clean_message(self._connections.refresh())
        for name in self._connections.taken.keys() & before.keys():
            if self._connections.taken[name] != before[name]:
                log.note("a connection was taken anew from its Secret", connection=name)
        if flow is not None:
            flow.variables.follow(self._connections.get)
        if problem != self.problem:
            if problem:
                log.problem("a connection cannot be read", detail=problem)
            else:
                log.note("all connections can be read again")
        self.problem = problem


def clean_message(text: str) -> str:
    """Make a text fit for /health and /state: printable and bounded."""
    return clean(text, limit=MESSAGE_LIMIT)
