"""Take text apart: terms, sentences, facts (dates, prices, weights, spans of time). Knows no prompts."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

CITATION = re.compile(r"\s*\[doc\d+\]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[]*[^\W_a-z])|(?<=[。！？])|\n+")

_STOP = frozenset(
    re.findall(
        r"\S+",
        """
    a about all also am an and any are as at be been but by can could did do does for from get has have
    he her his how i if in is it its me may more much must my no not of on or our out she so than that
    the their them then there these they this many long something quickly to up was we were what when
    where which who whose why will with would you your aber auch auf aus bei das dem den der die ein
    eine einen er es für hat ich im ist kann man mein mit nach oder sie und vom von wann warum wie wird
    wo wurde zu zum zur viel lange au aux avec ce combien dans de des du elle en est et il je la le les
    ma mon ne où par pas pour quand que quel quelle qui sa se son sur un une a-t-il t al como con cuando
    cuándo cuanto cuánto cómo del el ella los las mi para por qué quien quién si su una y
    です ます した する から まで はい いつ つで すか ました いく くら らで
    多少 少钱 什么 얼마 은가 가요 인가 입니 니다
""",
    )
)


class Kind(StrEnum):
    """The kind of fact that a question asks for."""

    DATE = "a date or time"
    WEIGHT = "a weight"
    PRICE = "a price"
    SPAN = "a span of time"


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NUMBER = r"(?:\d+(?:[.,]\d+)?|two|three|four|five|six|seven|eight|nine|ten|[一二三四五六七八九十]+)"
FACTS: dict[Kind, re.Pattern[str]] = {
    Kind.DATE: re.compile(
        rf"(?:{_MONTHS}) \d+(?:st|nd|rd|th)?(?:, \d{{4}})?|\d+ [ap]\.m\.|\d+年\d+月\d+日"
        r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
    ),
    Kind.WEIGHT: re.compile(r"\d+(?:[.,]\d+)? ?k?g\b"),
    Kind.PRICE: re.compile(r"[$€£] ?\d+(?:[.,]\d+)?|\d+(?:[.,]\d+)? ?(?:dollars?|euros?|ドル|円|달러|美元)"),
    Kind.SPAN: re.compile(
        rf"(?:{_NUMBER}(?: to |から|-))?{_NUMBER}(?: and a half)? ?(?:working )?"
        r"(?:(?:minute|hour|day|week|month|year)s?\b|[分日週年])"
    ),
}
_ASKS: dict[Kind, re.Pattern[str]] = {
    Kind.WEIGHT: re.compile(r"\bweigh|\bheavy|\bwiegt|\bpèse|\bpesa\b|重|무게", re.IGNORECASE),
    Kind.SPAN: re.compile(
        r"\bhow long|\bhow quickly|\bhow many (?:days|weeks)|\bwie lange|何日|何分|どのくらい|多久",
        re.IGNORECASE,
    ),
    Kind.PRICE: re.compile(
        r"\bhow much|\bcosts?\b|\bprice|\bamount"
        r"|\bwie ?viel|\bkostet|\bcombien|\bcuánto c|いくら|値段|送料|多少钱|가격|얼마",
        re.IGNORECASE,
    ),
    Kind.DATE: re.compile(
        r"\bwhen\b|\bwhat date|\bwann\b|\bquand\b|\bcuándo\b|いつ|什么时候|언제", re.IGNORECASE
    ),
}


def kind_asked(question: str) -> Kind | None:
    """The kind of fact that the question's words ask for, or None; "how much does it weigh" is a weight."""
    return next((kind for kind, pattern in _ASKS.items() if pattern.search(question)), None)


def fact_in(text: str, kind: Kind) -> str | None:
    """The first fact of that kind in the text, right or wrong for the question."""
    found = FACTS[kind].search(text)
    return found.group() if found else None


def without_citations(text: str) -> str:
    """The text without its [docN] marks."""
    return CITATION.sub("", text)


def terms(text: str) -> list[str]:
    """Lower-case words without stop words and plural s, pairs for scripts without spaces; in order, once."""
    plain = unicodedata.normalize("NFKC", text).lower()
    runs = _UNSPACED.findall(plain)
    pairs = [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
    words = [_singular(w) for w in _WORD.findall(_UNSPACED.sub(" ", plain)) if len(w) > 1 or w.isdigit()]
    return list(dict.fromkeys(t for t in words + pairs if t not in _STOP))


def numbers(found: Iterable[str]) -> list[str]:
    """Those terms that hold a digit."""
    return [t for t in found if any(c.isdigit() for c in t)]


def is_pair(term: str) -> bool:
    """Whether a term is a pair of characters, which says less than a word."""
    return _UNSPACED.fullmatch(term) is not None


def sentences(text: str) -> list[str]:
    """Sentences as written; a line break ends one too."""
    return [s.strip() for s in _SENTENCE_END.split(text) if s.strip()]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
