"""Which of seven languages a text is in, by script and common words, and the stub's few phrases in each."""

import re
from enum import StrEnum


class Language(StrEnum):
    """What the stub can tell apart and answer in."""

    ENGLISH = "English"
    GERMAN = "German"
    FRENCH = "French"
    SPANISH = "Spanish"
    JAPANESE = "Japanese"
    CHINESE = "Chinese"
    KOREAN = "Korean"


_COMMON = {
    Language.ENGLISH: (
        "a and are can did do does for from have how in is it my of on that the to was we what when "
        "which who why with you"
    ),
    Language.GERMAN: (
        "das dem den der die ein eine ich ist kann laut mit nach und von wann warum was weiß wie wird "
        "wurde viel zu"
    ),
    Language.FRENCH: (
        "à au ce combien coûte dans de des du elle est et il je la le les ne pas pour quand que quelle "
        "sait selon nos un une"
    ),
    Language.SPANISH: (
        "con cuánto cuándo cuesta de el en es la las lo los no nuestros para pesa pidió por qué que se "
        "según sé un una"
    ),
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}

UNKNOWN = {
    Language.ENGLISH: "I do not know: the documents do not say.",
    Language.GERMAN: "Das weiß ich nicht: Die Dokumente sagen es nicht.",
    Language.FRENCH: "Je ne sais pas : les documents ne le disent pas.",
    Language.SPANISH: "No lo sé: los documentos no lo dicen.",
    Language.JAPANESE: "わかりません。資料に記載がありません。",
    Language.CHINESE: "我不知道，资料中没有说明。",
    Language.KOREAN: "알 수 없습니다. 자료에 없습니다.",
}
FOUND = {
    Language.ENGLISH: "{fact}",
    Language.GERMAN: "Laut unseren Unterlagen: {fact}. ",
    Language.FRENCH: "Selon nos documents : {fact}. ",
    Language.SPANISH: "Según nuestros documentos: {fact}. ",
    Language.JAPANESE: "{topic} {fact} です。",
    Language.CHINESE: "根据资料：{fact}。",
    Language.KOREAN: "자료에 따르면 {fact}입니다. ",
}
_JAPANESE_QUESTION = re.compile(r"(?:いつ|いくら|どのくらい|何)[^、。]*[？?]?$")


def language_of(text: str) -> Language:
    """Kana is Japanese, hangul Korean, other Han Chinese; else the one with most common words in the text."""
    for pattern, language in ((r"[\u3040-\u30ff]", Language.JAPANESE), (r"[\uac00-\ud7af]", Language.KOREAN)):
        if re.search(pattern, text):
            return language
    if re.search(r"[\u3400-\u9fff]", text):
        return Language.CHINESE
    words = re.findall(r"\w+", text.lower())
    return max(_WORDS, key=lambda language: sum(w in _WORDS[language] for w in words))


def says_unknown(text: str) -> bool:
    """Whether a text says that it does not know, in the stub's words or in common ones of other models."""
    lowered = text.lower().replace("’", "'")
    own = (phrase.split("：")[0].split(":")[0].split("。")[0].strip().lower() for phrase in UNKNOWN.values())
    others = (
        "don't know",
        "do not have",
        "don't have",
        "cannot find",
        "not provided",
        "not mentioned",
        "no information",
    )
    return any(phrase in lowered for phrase in (*own, *others))


def phrase_fact(language: Language, fact: str, question: str) -> str:
    """Put a fact into a sentence of that language; in Japanese the question's own topic goes first."""
    topic = _JAPANESE_QUESTION.sub("", question).rstrip("は、 ") if language is Language.JAPANESE else ""
    return FOUND[language].format(fact=fact, topic=f"{topic}は" if topic else "それは")
