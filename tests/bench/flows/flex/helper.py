"""The flex flow of the benchmark: a class that asks by a prompty."""

from pathlib import Path

from promptflow.core import Prompty


class Helper:
    """Answers questions."""

    def __init__(self):
        self._ask = Prompty.load(source=Path(__file__).with_name("chat.prompty"))

    def __call__(self, question: str) -> dict:
        """Ask and tidy the answer."""
        return {"answer": " ".join(self._ask(question=question).split())}
