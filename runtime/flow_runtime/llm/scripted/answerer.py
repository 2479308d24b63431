"""The rules by which the stub answers: one sentence of the documents, cited, or "I do not know".

1. Documents are the passages of the system message that begin with [docN]; the question is the last user
   message.
2. Each sentence is weighed by the question's terms in it, rare ones more; terms that stand elsewhere in the
   same line and terms of the question before count a little; a sentence with the kind of fact that is asked
   for counts a quarter more.
3. Less than a third of the question's weight found: it does not know.
4. Asked in English, the sentence is the answer. In other languages the fact asked for is put into a fixed
   phrase; without one, the sentence stands as it is, in the language of the document.
No model, no chance; wrong where rules are: a sentence that shares words with a question may not answer it.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from flow_runtime.llm.scripted.language import UNKNOWN, Language, language_of, phrase_fact
from flow_runtime.llm.scripted.text import fact_in, is_pair, kind_asked, sentences, terms

SAME_LINE, EARLIER_TURN, RIGHT_KIND, CHARACTER_PAIR = 0.5, 0.3, 1.25, 0.3
KNOWN_SHARE = 1 / 3

_DOCUMENT = re.compile(r"^\[(doc\d+)\] ", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """One message of a chat, as text."""

    role: str
    text: str


@dataclass(frozen=True)
class Passage:
    """One sentence of a document, with the terms of the line around it."""

    document: str
    sentence: str
    own: frozenset[str]
    line: frozenset[str]


def answer(messages: Sequence[Message]) -> str:
    """The stub's answer to a chat."""
    asked = [m.text for m in messages if m.role == "user"]
    question = asked[-1] if asked else ""
    earlier = asked[-2] if len(asked) > 1 else ""
    language = language_of(question)
    passages = passages_of("\n".join(m.text for m in messages if m.role == "system"))
    best = best_passage(question, earlier, passages)
    return UNKNOWN[language] if best is None else phrase(question, language, best)


def passages_of(prompt: str) -> list[Passage]:
    """Every finished sentence after a [docN] mark; headings lend their terms to nothing."""
    found = []
    parts = _DOCUMENT.split(prompt)[1:]
    for document, text in zip(parts[::2], parts[1::2], strict=True):
        for line in text.splitlines():
            around = frozenset(terms(line))
            found += [
                Passage(document, s, frozenset(terms(s)), around)
                for s in sentences(line)
                if s[-1] in ".!?。！？"
            ]
    return found


def best_passage(question: str, earlier: str, passages: Sequence[Passage]) -> Passage | None:
    """The passage of greatest weight, the first of equals; None if it holds too little of the question."""
    wanted = {t: _rarity(t, passages) for t in terms(question)}
    before = {t: EARLIER_TURN * _rarity(t, passages) for t in terms(earlier) if t not in wanted}
    if not passages or not wanted | before:
        return None
    kind = kind_asked(question)

    def weight(p: Passage) -> float:
        found = sum(w * _nearness(t, p) for t, w in (wanted | before).items())
        return found * (RIGHT_KIND if kind and fact_in(p.sentence, kind) else 1)

    best = max(passages, key=weight)
    asked = wanted or before
    known = sum(w for t, w in asked.items() if t in best.line) / sum(asked.values())
    return (
        best
        if known >= KNOWN_SHARE or (before and weight(best) >= KNOWN_SHARE * sum(before.values()))
        else None
    )


def phrase(question: str, language: Language, passage: Passage) -> str:
    """Answer in the question's language, with the citation at the end."""
    kind = kind_asked(question)
    fact = fact_in(passage.sentence, kind) if kind else None
    if language is Language.ENGLISH or language_of(passage.sentence) is language or fact is None:
        return f"{passage.sentence} [{passage.document}]"
    return f"{phrase_fact(language, fact, question)}[{passage.document}]"


def _rarity(term: str, passages: Sequence[Passage]) -> float:
    """Robertson's idf over sentences; a term that no sentence holds counts as if one did."""
    holders = max(1, sum(term in p.own for p in passages))
    rarity = math.log(1 + (len(passages) - holders + 0.5) / (holders + 0.5))
    return rarity * (CHARACTER_PAIR if is_pair(term) else 1)


def _nearness(term: str, passage: Passage) -> float:
    return 1.0 if term in passage.own else SAME_LINE if term in passage.line else 0.0
