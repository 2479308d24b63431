"""Read a judge's request as the evaluator sends it: a quality, and fenced question, answer, context."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from flow_runtime.llm.scripted.answerer import Message

_QUALITY = re.compile(r"^Quality: *(\w+)\s*$", re.MULTILINE)
_FENCED = re.compile(r"<<<(QUESTION|ANSWER|CONTEXT) ([0-9a-f]{8})>>>\n(.*?)\n<<<END \1 \2>>>", re.DOTALL)
_SPOKEN_TO_THE_JUDGE = re.compile(
    r"\b(?:ignore|disregard|forget)\b.*\b(?:rubric|instruction|rule)s?\b|\bscores?\b.*\b5\b|\b5\b.*\bscores?\b|<<<"
    r"|^\s*(?:system|assistant|user)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Material:
    """What is judged. `context` is None when the request brought none."""

    quality: str
    question: str
    answer: str
    context: str | None

    @property
    def gives_orders(self) -> bool:
        """Whether the answer speaks to its judge instead of its reader."""
        return _SPOKEN_TO_THE_JUDGE.search(unicodedata.normalize("NFKC", self.answer)) is not None


def material_of(messages: Sequence[Message]) -> Material | None:
    """The material of a judge's request, or None when the messages are an ordinary chat."""
    quality = next((m[1] for x in messages if x.role == "system" and (m := _QUALITY.search(x.text))), None)
    fenced = {name: text for x in messages if x.role == "user" for name, _, text in _FENCED.findall(x.text)}
    if quality is None or "ANSWER" not in fenced:
        return None
    return Material(quality, fenced.get("QUESTION", ""), fenced["ANSWER"], fenced.get("CONTEXT"))
