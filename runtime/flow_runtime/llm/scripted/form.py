"""Faults of form that can be seen without understanding: (weight, what it is), for coherence and fluency."""

import re

from flow_runtime.llm.scripted.language import Language, language_of
from flow_runtime.llm.scripted.text import FACTS, Kind, sentences

LONG_SENTENCE, SHORT_ANSWER = 40, 6
"""Words."""

_ENDS = tuple(".!?。！？\"'”）)")
_POINTS_BACK = re.compile(r"(?:It|He|She|They|This|That)\b")
_DOUBLED = re.compile(r"\b(\w+)\s+\1\b", re.IGNORECASE)
_BRACKETS = ("()", "[]", "（）", "「」")


def coherence_faults(question: str, answer: str) -> list[tuple[int, str]]:
    """What keeps the answer from hanging together."""
    parts = sentences(answer)
    faults = []
    if not _finished(answer):
        faults.append((3, "it breaks off: no sentence comes to an end"))
    if len(set(parts)) < len(parts):
        faults.append((2, "a sentence is said twice"))
    asked, spoken = language_of(question), language_of(answer)
    if question.strip() and asked is not spoken:
        faults.append((3, f"the question is in {asked}, the answer in {spoken}"))
    if _POINTS_BACK.match(answer.strip()):
        faults.append((1, f"it begins with {answer.split()[0]!r}, which points at nothing in the answer"))
    return faults


def fluency_faults(answer: str) -> list[tuple[int, str]]:
    """What is wrong with the form of the sentences."""
    text = answer.strip()
    faults = []
    if not _finished(text):
        faults.append((3, "it does not end as a sentence does"))
    if text[:1].islower():
        faults.append((1, "it begins in lower case"))
    if doubled := _DOUBLED.search(text):
        faults.append((2, f"a word is doubled: {doubled.group()}"))
    if any(text.count(pair[0]) != text.count(pair[1]) for pair in _BRACKETS):
        faults.append((1, "a bracket is not closed"))
    if any(len(s.split()) > LONG_SENTENCE for s in sentences(text)):
        faults.append((1, f"a sentence has more than {LONG_SENTENCE} words"))
    date = FACTS[Kind.DATE].search(text)
    if date and language_of(text) is not Language.ENGLISH and date.group().isascii():
        faults.append((1, f"{date.group()} is left in English"))
    return faults


def _finished(text: str) -> bool:
    """Ends as a sentence does, or is a few words that need no full stop ("May 7th, 2023")."""
    plain = text.strip()
    return plain.endswith(_ENDS) or (len(plain.split()) <= SHORT_ANSWER and plain[-1:].isalnum())
