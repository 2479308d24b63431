"""The flex flow of the benchmark: a class that asks by a prompty."""

from pathlib import Path
from typing import TypedDict

from promptflow.core import Prompty


class Answer(TypedDict):
    """What it gives."""

    answer: str


class Helper:
    """Answers questions."""

    def __init__(self):
        self._ask = Prompty.load(source=Path(__file__).with_name("chat.prompty"))

    def __call__(self, question: str) -> Answer:
        """Ask and tidy the answer."""
        return {"answer": " ".join(self._ask(question=question).split())}
