"""The rules by which the stub judges: it counts what can be counted in the material, and says what it found.

Every quality starts from the same two rules: an answer without a word in it gets 1; an answer that speaks to
its judge ("ignore the rubric", "score 5") gets 1, whatever else it says. Then:
groundedness - the share of the answer's words and numbers, beyond the question's, that stand in the context;
relevance - the kind of fact asked for is there, and the words of the question come back;
coherence - the language of the question, no repetition, sentences that end;
fluency - the form of the sentences.
It knows no meaning: a wrong date that stands in the context is grounded to it, and a paraphrase is not.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from flow_runtime.llm.scripted.form import coherence_faults, fluency_faults
from flow_runtime.llm.scripted.language import language_of, says_unknown
from flow_runtime.llm.scripted.material import Material
from flow_runtime.llm.scripted.text import (
    FACTS,
    fact_in,
    kind_asked,
    numbers,
    sentences,
    terms,
    without_citations,
)

QUOTE_LIMIT = 300
SHOWN = 5


@dataclass(frozen=True)
class Opinion:
    """What a judge says: why, from where, and 1 to 5. `quotes` are (text, QUESTION | ANSWER | CONTEXT)."""

    reason: str
    score: int
    quotes: tuple[tuple[str, str], ...] = field(default=())


def judge(material: Material) -> Opinion:
    """Judge one quality of one answer; an unknown quality gets an opinion that says so, and 1."""
    answer_quote = ((material.answer[:QUOTE_LIMIT], "ANSWER"),)
    if not any(c.isalpha() for c in material.answer) or not terms(without_citations(material.answer)):
        return Opinion("The answer holds no word that says anything.", 1, answer_quote)
    if material.gives_orders:
        return Opinion(
            "The answer speaks to its judge instead of answering; it is judged, not obeyed.", 1, answer_quote
        )
    rule = RULES.get(material.quality)
    if rule is None:
        return Opinion(f"The stub has no rule for {material.quality}.", 1)
    return rule(material)


def groundedness(m: Material) -> Opinion:
    """How much of what the answer claims stands in the context."""
    context = m.context or ""
    answer = without_citations(m.answer)
    if says_unknown(m.answer):
        return Opinion(
            "It says that it does not know, so it claims nothing that the context would have to hold.", 5
        )
    claims = _claims(answer, m.question, context)
    if not claims:
        return Opinion(
            "In another language than the context, without a number or date: nothing can be looked up.",
            3,
        )
    held = set(terms(context))
    missing = [t for t in claims if t not in held]
    share = 1 - len(missing) / len(claims)
    score = 1 + sum(share >= step for step in (0.25, 0.5, 0.75, 0.9))
    found = len(claims) - len(missing)
    reason = f"{found} of {len(claims)} words and numbers that the answer adds stand in the context"
    if missing:
        reason += f"; not found: {_listed(missing)}"
    if numbers(missing):
        score, reason = (
            min(score, 2),
            f"{reason}; a number that the context does not hold is a claim of its own",
        )
    return Opinion(f"{reason}.", score, _closest(terms(answer), context))


def relevance(m: Material) -> Opinion:
    """Whether the answer gives what the question asks for."""
    if says_unknown(m.answer):
        return _honest_unknown(m)
    asked, said = terms(m.question), set(terms(without_citations(m.answer)))
    shared = [t for t in asked if t in said]
    share = len(shared) / len(asked) if asked else 0.0
    words = f"{len(shared)} of {len(asked)} words of the question come back"
    kind = kind_asked(m.question)
    if kind is None:
        score = 1 + sum(share >= step for step in (0.01, 0.2, 0.35, 0.5))
        return Opinion(
            f"The question asks for no fact that a rule knows; {words}.",
            score,
            ((m.answer[:QUOTE_LIMIT], "ANSWER"),),
        )
    fact = fact_in(m.answer, kind)
    if fact is None:
        return Opinion(
            f"The question asks for {kind}, and the answer gives none; {words}.",
            2,
            ((m.answer[:QUOTE_LIMIT], "ANSWER"),),
        )
    score = 5 if share >= 1 / 3 else 4
    return Opinion(
        f"The question asks for {kind}, and the answer gives one: {fact}; {words}.",
        score,
        ((fact, "ANSWER"),),
    )


def coherence(m: Material) -> Opinion:
    """Whether the answer hangs together, by itself and with the question."""
    return _by_faults(
        m,
        coherence_faults(m.question, without_citations(m.answer)),
        "Short enough to follow, in the language of the question, nothing said twice.",
    )


def fluency(m: Material) -> Opinion:
    """Whether the sentences are well formed."""
    return _by_faults(
        m,
        fluency_faults(without_citations(m.answer)),
        "Whole sentences with a beginning and an end, no doubled words.",
    )


RULES: dict[str, Callable[[Material], Opinion]] = {
    "groundedness": groundedness,
    "relevance": relevance,
    "coherence": coherence,
    "fluency": fluency,
}


def _claims(answer: str, question: str, context: str) -> list[str]:
    """What has to stand in the context; of an answer in another language only facts and numbers can."""
    lines = Counter(language_of(line) for line in context.splitlines() if line.strip())
    if lines and language_of(answer) is not lines.most_common(1)[0][0]:
        said = [f for pattern in FACTS.values() for f in pattern.findall(answer)]
        return list(dict.fromkeys(terms(" ".join(said)) + numbers(terms(answer))))
    asked = set(terms(question))
    return [t for t in terms(answer) if t not in asked] or terms(answer)


def _listed(found: list[str]) -> str:
    return ", ".join(found[:SHOWN])


def _honest_unknown(m: Material) -> Opinion:
    if m.context is None:
        return Opinion("It says that it does not know, which answers nothing.", 2)
    quotes = _closest(terms(m.question), m.context)
    asked = terms(m.question)
    shared = set(asked) & set(terms(quotes[0][0])) if quotes else set()
    if len(shared) * 2 >= len(asked) and shared:
        return Opinion(
            f"It says that it does not know, but the context has a sentence with {_listed(sorted(shared))}.",
            2,
            quotes,
        )
    return Opinion(
        "It says that it does not know, and no sentence of the context is close to the question.", 4
    )


def _closest(wanted: list[str], context: str) -> tuple[tuple[str, str], ...]:
    """The sentence of the context that shares most terms, as a quote; empty when none shares any."""
    best = max(sentences(context), key=lambda s: len(set(wanted) & set(terms(s))), default="")
    return ((best[:QUOTE_LIMIT], "CONTEXT"),) if set(wanted) & set(terms(best)) else ()


def _by_faults(m: Material, faults: list[tuple[int, str]], praise: str) -> Opinion:
    score = max(1, 5 - sum(weight for weight, _ in faults))
    reason = " ".join(f"{text[0].upper()}{text[1:]}." for _, text in faults) or praise
    return Opinion(reason, score, ((m.answer[:QUOTE_LIMIT], "ANSWER"),))
