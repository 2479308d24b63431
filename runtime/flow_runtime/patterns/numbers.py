"""Finds card numbers (ISO/IEC 7812, with Luhn's check digit) and IBANs (ISO 13616, with mod 97)."""

import re
from collections.abc import Iterator

from flow_runtime.patterns.spans import Span, alone

_GROUPED = re.compile(r"[0-9](?:[ .\-]{0,3}[0-9]){11,}+")
_CLASSES = bytes(
    ord("0") if chr(code).isdecimal() else ord("a") if chr(code).isalpha() else ord(" ")
    for code in (*range(128), *[0] * 128)
)
_GROUP = re.compile(r"[0-9]+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_UUID_LENGTH = 36
_CARD_DIGITS = (12, 19)
_USUAL_GROUP = 3
_FIRST_DIGITS = frozenset("2345689")
_BRANDS: tuple[tuple[re.Pattern[str], frozenset[int]], ...] = (
    (re.compile("4"), frozenset({13, 16, 19})),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), frozenset({16})),  # Mastercard
    (re.compile("3[47]"), frozenset({15})),  # American Express
    (re.compile("30[0-5]|3[689]"), frozenset({14, 16})),  # Diners Club
    (re.compile("352[89]|35[3-8]"), frozenset({16})),  # JCB
    (re.compile("6011|64[4-9]|65|62|81"), frozenset({16, 17, 18, 19})),  # Discover, UnionPay
    (re.compile("50|5[6-8]|6[0378]"), frozenset({16, 18, 19})),  # Maestro
    (re.compile("220[0-4]|9792|6(?:0|52[12])"), frozenset({16})),  # Mir, Troy, RuPay
)
_COUNTRIES = (
    (15, "NO"),
    (16, "BE BI"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
)
_IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES for country in countries.split()}
"""ISO 13616's registry of 2025: characters of an IBAN by country."""
_TAILS = {
    length: re.compile(rf"[0-9]{{2}}(?:[ .\-]{{0,3}}[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
    for length in set(_IBAN_LENGTHS.values())
}
_DECIMAL_BEFORE, _DECIMAL_AFTER = re.compile(r"[0-9]\.$"), re.compile(r"\.[0-9]")
_LETTERS = {chr(code): str(code - 55) for code in range(ord("A"), ord("Z") + 1)}
_TO_DIGITS = str.maketrans(_LETTERS | {" ": "", "-": "", ".": ""})


def cards(text: str, start: int, end: int) -> Iterator[Span]:
    """Find card numbers, whole or in groups by spaces, dots or dashes."""
    for run in _GROUPED.finditer(text, start, end):
        if alone(text, *run.span()) and not _in_uuid(text, *run.span()):
            yield from (card for card in _cards_of(run) if not _is_decimal(text, *card))


def _in_uuid(text: str, start: int, end: int) -> bool:
    found = _UUID.search(text, max(0, start - _UUID_LENGTH), end + _UUID_LENGTH)
    return found is not None and found.start() <= start and end <= found.end()


def _is_decimal(text: str, start: int, end: int) -> bool:
    """Say whether it is all digits on one side of a decimal point."""
    around = _DECIMAL_BEFORE.search(text, max(0, start - 2), start) or _DECIMAL_AFTER.match(text, end)
    return around is not None and text[start:end].isdecimal()


def _cards_of(run: re.Match[str]) -> Iterator[Span]:
    groups = [(group.start() + run.start(), group[0]) for group in _GROUP.finditer(run[0])]
    if sum(len(digits) for _, digits in groups) > _CARD_DIGITS[1]:
        # Among other numbers a card has its usual groups: to try all beginnings of single digits is too dear.
        groups = [(at, digits) if len(digits) >= _USUAL_GROUP else (at, "") for at, digits in groups]
    first = 0
    while first < len(groups):
        last = _card_end(groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][0] + len(groups[last][1])
            first = last + 1


def _card_end(groups: list[tuple[int, str]], first: int) -> int | None:
    """Say with which group the longest card number that begins with this group ends."""
    if groups[first][1][:1] not in _FIRST_DIGITS:
        return None
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += groups[last][1]
        if not groups[last][1] or len(digits) > _CARD_DIGITS[1]:
            break
        if len(digits) >= _CARD_DIGITS[0] and is_card(digits):
            found = last
    return found


def is_card(digits: str) -> bool:
    """Say whether digits have a brand's beginning and length, and the right check digit."""
    if not any(len(digits) in lengths and brand.match(digits) for brand, lengths in _BRANDS):
        return False
    total = sum(map(int, digits[-1::-2]))
    for digit in digits[-2::-2]:
        total += int(digit) * 2 - (9 if digit > "4" else 0)
    return total % 10 == 0


def ibans(text: str, raw: bytes) -> Iterator[Span]:
    """Find IBANs, whole or in groups, in capitals or not."""
    classes, start = raw.translate(_CLASSES), -1
    while (start := classes.find(b"aa00", start + 1)) >= 0:
        yield from iban_at(text, start)


def iban_at(text: str, start: int) -> Iterator[Span]:
    """Find the IBAN that begins at a place."""
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
    found = _TAILS[length].match(text, start + 2) if length else None
    if found is None or not alone(text, start, found.end()) or not is_iban(text[start : found.end()]):
        return
    # Of random UUIDs one in 8,000 holds what would do for an IBAN.
    if not _in_uuid(text, start, found.end()):
        yield start, found.end()


def is_iban(text: str) -> bool:
    """Say whether the check digits are right."""
    plain = text.upper()
    moved = (plain[4:] + plain[:4]).translate(_TO_DIGITS)
    return moved.isdecimal() and int(moved) % 97 == 1
