"""From a text to what is in it that must not be stored: kinds of secrets, each with its finder."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from flow_runtime.patterns import addresses, numbers, phones, tokens
from flow_runtime.patterns.fold import Folded
from flow_runtime.patterns.spans import Span, bytes_of, members, runs

_SIGNS = b" .-/()+"
_IN_NUMBER = members("0123456789" + _SIGNS.decode())
_NUMBER = re.compile(r"[0-9+(][0-9 .\-/()]{6,}+")
"""Where card and telephone numbers and IPv4 addresses can be: one look for all three."""
_LENGTH, _DIGITS = 7, 4
"""The least that one of them has."""

FINDERS: Mapping[str, Callable[[str, bytes], Iterator[Span]]] = {
    "cloudKey": tokens.cloud_keys,
    "jwt": tokens.jwts,
    "email": addresses.emails,
    "iban": numbers.ibans,
    "ipv6": addresses.ipv6,
}
NUMBER_FINDERS: Mapping[str, tuple[Callable[[str, int, int], Iterator[Span]], int]] = {
    "creditCard": (numbers.cards, 12),
    "ipv4": (addresses.ipv4, 4),
    "phone": (phones.phones, 7),
}
"""With the fewest digits that one has."""
_SHORTEST = len("1::2")
KINDS = (*FINDERS, *NUMBER_FINDERS)
"""The names of the policy. Where two find the same place, it is of the earlier kind."""


class Found(NamedTuple):
    """A stretch of a text and what it is."""

    start: int
    end: int
    kind: str


def find(text: str, kinds: tuple[str, ...]) -> list[Found]:
    """Find all there is, in order; stretches that overlap become one."""
    if not kinds or len(text) < _SHORTEST:
        return []
    found = _found(folded := Folded(text), kinds)
    if folded.is_shorter:
        found += _found(Folded(text, parted=True), kinds)
    return [Found(start, end, KINDS[rank]) for start, end, rank in _merged(sorted(found))] if found else []


def _found(folded: Folded, kinds: tuple[str, ...]) -> list[tuple[int, int, int]]:
    return [(*folded.origin(start, end), rank) for start, end, rank in _search(folded.text, kinds)]


def _search(text: str, kinds: tuple[str, ...]) -> Iterator[tuple[int, int, int]]:
    raw = bytes_of(text)
    places = list(_places(text, raw))
    for rank, kind in enumerate(KINDS):
        if kind not in kinds:
            continue
        if kind in FINDERS:
            yield from ((start, end, rank) for start, end in FINDERS[kind](text, raw))
        else:
            finder, least = NUMBER_FINDERS[kind]
            for start, end, digits in places:
                if digits >= least:
                    yield from ((*span, rank) for span in finder(text, start, end))


def _places(text: str, raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Say where numbers can be, and how many digits; `A1` before one and `3rd` after it are words."""
    for run in runs(raw, _IN_NUMBER, _LENGTH):
        if _digits(raw, *run) < _DIGITS:
            continue
        for place in _NUMBER.finditer(text, *run):
            start, end = place.span()
            if start and text[start].isdigit() and _is_letter(text[start - 1]):
                start = max(start, text.find(" ", start, end))
            if end < len(text) and _is_letter(text[end]) and text[end - 1].isdigit():
                space = text.rfind(" ", start, end)
                end = space if space > start else end
            yield start, end, _digits(raw, start, end)


def _digits(raw: bytes, start: int, end: int) -> int:
    return len(raw[start:end].translate(None, _SIGNS))


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _merged(found: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    start, end, rank = found[0]
    for other_start, other_end, other in found[1:]:
        if other_start < end:
            end, rank = max(end, other_end), min(rank, other)
        else:
            yield start, end, rank
            start, end, rank = other_start, other_end, other
    yield start, end, rank


def mask(text: str, kinds: tuple[str, ...]) -> tuple[str, list[str]]:
    """Put `[kind]` in the place of all that is found; also say which kinds these were."""
    found = find(text, kinds)
    parts, end = [], 0
    for each in found:
        parts += [text[end : each.start], f"[{each.kind}]"]
        end = each.end
    return "".join([*parts, text[end:]]), [each.kind for each in found]
