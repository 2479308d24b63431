"""Checks that what a judge quotes really stands in the material. Pure."""

import unicodedata
from collections.abc import Iterable, Mapping

from flow_runtime.contracts.judgement import Quote

QUOTE_LIMIT = 1000
MOST_QUOTES = 8
_AROUND = "\"'“”„‟‘’«»‹›「」『』…."


def checked(quotes: Iterable[tuple[str, str]], sections: Mapping[str, str]) -> tuple[Quote, ...]:
    """Mark each (text, where) as found or not; found elsewhere than claimed, it is filed where it stands."""
    plain = {name: normalised(text) for name, text in sections.items()}
    return tuple(_checked(text, where, plain) for text, where in list(quotes)[:MOST_QUOTES])


def normalised(text: str) -> str:
    """Reduce to what a quote must share with its source: NFKC, no case, no spaces, nothing invisible."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        char for char in folded if not char.isspace() and unicodedata.category(char) not in _UNSEEN
    )


_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn"}


def _checked(text: str, where: str, plain: Mapping[str, str]) -> Quote:
    shown = text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 1] + "…"
    wanted = normalised(text.strip().strip(_AROUND))
    claimed = where.upper()
    if wanted:
        for name in sorted(plain, key=lambda name: name != claimed):
            if wanted in plain[name]:
                return Quote(text=shown, where=name, found=True)
    return Quote(text=shown, where=claimed if claimed in plain else "", found=False)
