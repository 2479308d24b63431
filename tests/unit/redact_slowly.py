"""The search of `flow_runtime.patterns` without its short cuts: each pattern at each place of a text."""

import re
from collections.abc import Iterator

from flow_runtime.patterns import addresses, fold, numbers, phones, tokens
from flow_runtime.patterns.find import KINDS
from flow_runtime.patterns.forms import FORMS
from flow_runtime.patterns.spans import Span, alone, bytes_of

_NUMBER = re.compile(r"[0-9+(][0-9 .\-/()]{6,}+")
_NAMED = re.compile(r"[A-Za-z0-9+/_\-]{20,}+")
_AT = re.compile(rb"@|%40|&#64;|&#x40;|&commat;|\\u0040|\\x40")


def folded(text: str) -> str:
    """Fold a text without hidden characters, one character at a time."""
    escaped = fold._BACKSLASH.sub(fold._unescaped, fold._PERCENT.sub(fold._unescaped, text))
    return "".join(fold._TABLE.get(ord(char), char) for char in escaped)


def search(text: str) -> set[tuple[int, int, str]]:
    """Find all there is in a folded text."""
    raw = bytes_of(text)
    found = {(*span, "jwt") for span in tokens.jwts(text, raw)}
    found |= {(*span, "ipv6") for span in addresses.ipv6(text, raw)}
    found |= {(*span, "cloudKey") for span in _keys(text)}
    found |= {(*span, "email") for at in _AT.finditer(raw) for span in addresses.email_at(text, *at.span())}
    found |= {(*span, "iban") for start in range(len(text)) for span in numbers.iban_at(text, start)}
    for start, end in _places(text):
        found |= {(*span, "creditCard") for span in numbers.cards(text, start, end)}
        found |= {(*span, "ipv4") for span in addresses.ipv4(text, start, end)}
        found |= {(*span, "phone") for span in phones.phones(text, start, end)}
    return found


def _keys(text: str) -> Iterator[Span]:
    for form in FORMS:
        for found in form.regex.finditer(text):
            start, end = found.span(1)
            if (start > found.start() or alone(text, start, end)) and form.check(found[1]):
                yield start, end
    for found in _NAMED.finditer(text):
        start, end = found.span()
        aws = tokens._is_aws_secret(found[0]) and alone(text, start, end, before="~", after="=~")
        if aws or (
            tokens._is_random(found[0])
            and tokens._NAME.search(text[max(0, start - tokens._NAME_LENGTH) : start])
        ):
            yield start, end


def _places(text: str) -> Iterator[Span]:
    for place in _NUMBER.finditer(text):
        start, end = place.span()
        if start and text[start].isdigit() and text[start - 1].isascii() and text[start - 1].isalpha():
            start = max(start, text.find(" ", start, end))
        if end < len(text) and text[end].isascii() and text[end].isalpha() and text[end - 1].isdigit():
            space = text.rfind(" ", start, end)
            end = space if space > start else end
        yield start, end


assert len(KINDS) == 8, "a kind that is not looked for here"
