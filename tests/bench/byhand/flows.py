"""The benchmark's flows as one would write them by hand, whatever they ask the LLM with.

Each takes `ask(messages) -> text` and the inputs, and gives the outputs of the same flow in `../flows`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import jinja2

URL = os.environ.get("OPENAI_BASE_URL", "")
KEY = os.environ.get("OPENAI_API_KEY", "")
Messages = list[dict[str, str]]
STYLES = ("novice", "expert", "poet", "judge")
Ask = Callable[[Messages], Awaitable[str]]

_EXPERT = "You help people who run Kubernetes clusters. Answer in a few sentences, from facts only."
_EXPLAINER = "You explain why things happen in Kubernetes clusters."
_INSTRUCTOR = "You say step by step what to do in Kubernetes clusters."
_QUESTION = jinja2.Environment(autoescape=False).from_string("{{ question }}")  # noqa: S701 - no HTML here
_DRAFT = jinja2.Environment(autoescape=False).from_string(  # noqa: S701
    "Answer as a {{ style }}: {{ question }}"
)


def messages(question: str, history: Any = (), system: str = _EXPERT) -> Messages:
    said = [{"role": "system", "content": system}]
    for turn in history:
        said.append({"role": "user", "content": turn["inputs"]["question"]})
        said.append({"role": "assistant", "content": turn["outputs"]["answer"]})
    return [*said, {"role": "user", "content": _QUESTION.render(question=question)}]


def tidy(text: str) -> str:
    return " ".join(text.split())


async def chat(ask: Ask, question: str, chat_history: Any = ()) -> dict[str, Any]:
    text = tidy(await ask(messages(question, chat_history)))
    return {"answer": text, "words": len(text.split())}


async def branch(ask: Ask, question: str) -> dict[str, Any]:
    kind = "why" if question.lower().startswith("why") else "how"
    system = _EXPLAINER if kind == "why" else _INSTRUCTOR
    return {"answer": tidy(await ask(messages(question, system=system))), "kind": kind}


async def twenty(ask: Ask, question: str) -> dict[str, Any]:
    async def answer(style: str) -> tuple[str, int]:
        draft = _DRAFT.render(style=style, question=question)
        text = tidy(await ask(messages(draft)))
        return text, len(text.split())

    answers = await asyncio.gather(*(answer(style) for style in STYLES))
    longest = max(answers, key=lambda pair: pair[1])
    return {"answer": longest[0], "words": sum(words for _, words in answers)}


async def flex(ask: Ask, question: str) -> dict[str, Any]:
    return {"answer": tidy(await ask(messages(question)))}


def _nodes(count: int) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def nodes(ask: Ask, question: str) -> dict[str, Any]:
        for _ in range(count):
            question = tidy(question)
        return {"answer": question}

    return nodes


FLOWS = {
    "chat": chat,
    "branch": branch,
    "twenty": twenty,
    "flex": flex,
    "nodes1": _nodes(1),
    "nodes5": _nodes(5),
    "nodes20": _nodes(20),
}
RUN = FLOWS.get(os.environ.get("BENCH_FLOW", "chat"), chat)
