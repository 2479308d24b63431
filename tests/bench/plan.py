"""What is measured: which flows, with which LLM, under which load, and how often."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.subjects import DEFAULT, SHIPPED, SUBJECTS, UNCOLLECTED, Flow, Subject
from tests.bench.written import write_chain, write_twenty

FLOWS = Path(__file__).with_name("flows")
QUESTION = "Why would a pod stay pending after the node pool was scaled up, and what should I check first?"
CHAINS = (1, 5, 20)


@dataclass(frozen=True)
class Window:
    """Some seconds of load, in the rounds before `until` (counted from 0)."""

    llm_ms: int
    connections: int
    seconds: int
    until: int = 99


@dataclass(frozen=True)
class Part:
    """A flow, those who serve it, and the load on each of them."""

    key: str
    title: str
    flow: Flow
    subjects: tuple[Subject, ...]
    windows: tuple[Window, ...]
    rounds: int

    def subjects_of(self, number: int) -> tuple[Subject, ...]:
        """Say who is measured in a round; one that starts for half a minute only where it matters most."""
        if number >= self.rounds:
            return ()
        once = number > 0 and self.key != "chat"
        return tuple(subject for subject in self.subjects if not (once and subject is DEFAULT))


ALL = (
    *(Window(llm_ms, connections, 1) for llm_ms in (0, 50) for connections in (16, 64)),
    *(Window(llm_ms, connections, 1, until=1) for llm_ms in (0, 50) for connections in (1, 256)),
    # Shares of the ideal hardly vary, and these take long: once is enough.
    *(Window(500, connections, 2 if connections < 256 else 8, until=1) for connections in (1, 16, 64, 256)),
)
SOME = (Window(0, 16, 1), Window(0, 64, 1), Window(50, 16, 1))
OTHERS = tuple(subject for subject in SUBJECTS if subject is not UNCOLLECTED)


def parts(work: Path, rounds: int) -> list[Part]:
    """Write the flows that are written by program, and plan all parts."""
    here = shutil.copytree(FLOWS, work / "flows")  # promptflow writes into the folders that it serves
    chat = json.dumps({"question": QUESTION, "chat_history": []})
    plain = json.dumps({"question": QUESTION})
    few = max(1, rounds - 1)
    return [
        Part("chat", "LLM chat node + Python node", Flow("chat", here / "chat", chat), SUBJECTS, ALL, rounds),
        Part("branch", "branching flow", Flow("branch", here / "branch", plain), OTHERS, SOME, few),
        Part("twenty", "20 nodes, 4 LLM calls", _twenty(work, plain), OTHERS, SOME, few),
        Part("stream", "streaming flow", _stream(here, chat), OTHERS, SOME, few),
        Part("flex", "flex class", Flow("flex", here / "flex", plain), OTHERS, SOME, few),
        *(
            Part(
                f"nodes{count}",
                f"{count} Python node{'s' if count > 1 else ''}",
                Flow(f"nodes{count}", write_chain(work / f"nodes{count}", count), plain),
                (SHIPPED,),
                (Window(0, 16, 2),),
                rounds,
            )
            for count in CHAINS
        ),
    ]


def _twenty(work: Path, body: str) -> Flow:
    return Flow("twenty", write_twenty(work / "twenty"), body)


def _stream(here: Path, body: str) -> Flow:
    return Flow("stream", here / "stream", body, accept="text/event-stream")
