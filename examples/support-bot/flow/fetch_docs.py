"""Find the documents that a question is about.

BM25 over words, and over pairs of characters where a script has no spaces. Needs nothing but the
standard library. Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from promptflow.core import tool

FOLDER = Path(__file__).parent / "documents"
K1, B = 1.2, 0.75
EARLIER_TURN = 0.5
"""A follow-up ("and what does it weigh?") leans on the question before it, at half weight."""

WORD = re.compile(r"\d+\.\d+|\w+")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Japanese, Chinese, Korean."""


@dataclass(frozen=True)
class Document:
    """One file: its number is the one that answers cite."""

    number: int
    text: str
    terms: Counter[str]
    length: int


def terms_of(text: str) -> Counter[str]:
    """Words without a plural s, and pairs of characters where words are not told apart by spaces."""
    lowered = text.lower()
    runs = UNSPACED.findall(lowered)
    pairs = [run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1))]
    words = WORD.findall(UNSPACED.sub(" ", lowered))
    return Counter(
        [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words] + pairs
    )


@cache
def documents() -> tuple[Document, ...]:
    """All files of the folder; `03-orders.md` is document 3, whatever else is found with it."""
    found = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8").strip()
        terms = terms_of(text)
        found.append(Document(int(path.name.split("-")[0]), text, terms, terms.total()))
    return tuple(found)


def relevance(query: Counter[str], document: Document) -> float:
    """BM25 of one document."""
    everything = documents()
    mean_length = sum(d.length for d in everything) / len(everything)
    total = 0.0
    for term, wanted in query.items():
        count = document.terms[term]
        if count:
            holders = sum(1 for d in everything if term in d.terms)
            rarity = math.log(1 + (len(everything) - holders + 0.5) / (holders + 0.5))
            damped = count * (K1 + 1) / (count + K1 * (1 - B + B * document.length / mean_length))
            total += wanted * rarity * damped
    return total


@tool
def fetch_docs(query: str, chat_history: list, limit: int = 4) -> str:
    """Return the best documents, best first, each under its number: `[doc3] Orders placed in May ...`."""
    scores = {d.number: relevance(terms_of(query), d) for d in documents()}
    for turn in chat_history[-1:]:
        earlier = terms_of(str(turn["inputs"]["query"]))
        for d in documents():
            scores[d.number] += EARLIER_TURN * relevance(earlier, d)
    best = sorted(documents(), key=lambda d: (-scores[d.number], d.number))[:limit]
    return "\n\n".join(f"[doc{d.number}] {d.text}" for d in best if scores[d.number] > 0)
