"""One run of a flow: what its nodes have said so far, and what the run may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flow_runtime.flow.image_url import ImageFetcher
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.call import Call, ChatModel
from flow_runtime.llm.connection import Connection


@dataclass(frozen=True, slots=True)
class Services:
    """What nodes reach the world by."""

    llm: ChatModel
    connection: Callable[[str], Connection]
    threads: Threads
    images: ImageFetcher = field(default_factory=ImageFetcher)


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a run: seconds, and how it ended (`completed`, `failed`, `canceled`, `bypassed`)."""

    node: str
    seconds: float
    status: str


class Run:
    """The state of one run. After a failure it holds what was reached."""

    __slots__ = (
        "bare",
        "bypassed",
        "calls",
        "deadline",
        "inputs",
        "request_id",
        "services",
        "steps",
        "streaming",
        "unfinished",
        "values",
    )

    def __init__(
        self,
        inputs: dict[str, Any],
        services: Services,
        deadline: float,
        streaming: bool = False,
        request_id: str = "",
    ) -> None:
        self.inputs = inputs
        self.services = services
        self.deadline = deadline
        """In the running loop's time."""
        self.streaming = streaming
        """Whether outputs that can stream are given as a Stream; else they are joined to texts."""
        self.request_id = request_id
        self.bare = False
        """Whether the one output is answered as it is: of flex flows that return no mapping."""
        self.values: dict[str, Any] = {}
        self.bypassed: set[str] = set()
        """Nodes that were passed over; their value is None."""
        self.calls: list[Call] = []
        self.steps: list[Step] = []
        self.unfinished: dict[str, float] = {}
        """Nodes that were begun and did not complete, and when they were begun (perf_counter)."""
