"""The rubrics: one file of our own words per metric. A new metric is a new file and one line here."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Rubric:
    """What a metric asks, and the sections of the material that its judge is shown."""

    name: str
    text: str
    needs: tuple[str, ...]
    """Without these a record cannot be judged."""
    uses: tuple[str, ...] = ()
    """Shown when they are there."""


_SHIPPED = (
    ("groundedness", ("QUESTION", "ANSWER", "CONTEXT"), ()),
    ("relevance", ("QUESTION", "ANSWER"), ("CONTEXT",)),
    ("coherence", ("QUESTION", "ANSWER"), ()),
    ("fluency", ("QUESTION", "ANSWER"), ()),
)

RUBRICS = {
    name: Rubric(name, (files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip(), needs, uses)
    for name, needs, uses in _SHIPPED
}
