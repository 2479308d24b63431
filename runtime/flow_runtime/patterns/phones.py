"""Finds telephone numbers: international ones of any country (ITU-T E.164), and some countries' own forms.

Digits alone do not say what they are. A number is taken where its form says so: a plus or 00 and a
country's code; brackets around an area; a leading 0 and groups; the groups of North America and
Russia, and those of mobiles in China and India; or where a word before it does.
"""

import re
from collections.abc import Iterator

from flow_runtime.patterns.spans import Span, alone

_S = r"[ .\-/]"
_INTERNATIONAL = rf"(?:\+|00)(?=[1-9])(?:{_S}?\(?[0-9]\)?){{7,15}}(?![0-9])"
_BRACKETS = rf"(?:1{_S}?)?\([0-9]{{2,5}}\){_S}{{0,2}}[0-9]{{2,8}}(?:{_S}[0-9]{{2,8}}){{0,4}}+"
_TRUNK = r"0[1-9][0-9]{0,4}(?:(?: ?[\-/] ?| )[0-9]{2,9}){1,5}+"
_PAIRS = r"0[1-9](?:\.[0-9]{2}){4}"
_WHOLE = r"0[1-9][0-9]{8,10}"
_NORTH_AMERICA = r"(?:1[ .\-])?[2-9][0-9]{2}[ .\-][2-9][0-9]{2}[ .\-][0-9]{4}"
_CHINA = r"1[3-9][0-9][ \-]?[0-9]{4}[ \-]?[0-9]{4}"
_INDIA = r"[6-9][0-9]{4}[ \-][0-9]{5}"
_RUSSIA = r"8[ \-]?\(?[3489][0-9]{2}\)?[ \-]?[0-9]{3}[ \-][0-9]{2}[ \-][0-9]{2}"
_PHONE = re.compile(
    rf"(?P<international>{_INTERNATIONAL})|(?P<brackets>{_BRACKETS})"
    rf"|(?:{_PAIRS}|{_TRUNK}|{_WHOLE}|{_NORTH_AMERICA}|{_CHINA}|{_INDIA}|{_RUSSIA})(?![0-9])"
)
_SAID = re.compile(
    r"(?i)(?=[ptfmchgwтм電携电手전휴هجफम])(?:(?<![a-z])(?:tele)?(?:phone|fon|fax|mobile?|cell|handy|gsm|whatsapp|tel)(?![a-rt-z])"
    r"|тел|моб|電話|携帯|电话|手机|전화|휴대폰|هاتف|جوال|फ़ोन|मोबाइल)[^0-9+(\n]{0,16}$"
)
"""A word for a telephone, and what may stand between it and a number."""
_SAID_LENGTH = 32
_SAID_NUMBER = re.compile(r"[0-9](?:[ .\-/]{0,2}[0-9]){6,14}+(?![0-9])")
_SCHEME = re.compile(r"(?i)(?:isbn|issn|ean|gtin|doi)[ :.\-]{0,2}$")
"""What names a number of another sort."""
_SCHEME_LENGTH = 6
_DATE = re.compile(
    r"[0-9]{2}[ \-/.][0-9]{2}[ \-/.](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[ \-/.][0-9]{2}[ \-/.][0-9]{2}"
)
_NOT_DIGITS = re.compile(r"[^0-9]")
_LEAST, _MOST = 8, 15
_MOST_BRACKETS, _MOST_NATIONAL = 13, 12
_LAST_GROUP = re.compile(r"[^0-9]+(?P<group>[0-9]+)$")
_CODE = re.compile(
    r"[17]|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-69]|3[578]|42|5[09]|6[789]|80|85|8[78]|9[679]"
)
"""How the codes of countries begin (ITU-T E.164, list of assigned codes)."""


def phones(text: str, start: int, end: int) -> Iterator[Span]:
    """Find telephone numbers."""
    before = text[max(0, start - _SAID_LENGTH) : start]
    if _SCHEME.search(before[-_SCHEME_LENGTH:]):
        return
    said = _SAID_NUMBER.match(text, start, end) if _SAID.search(before) else None
    if said and alone(text, *said.span()) and not _DATE.match(said[0]):
        yield said.span()
        start = said.end()
    while found := _PHONE.search(text, start, end):
        first, start = found.span()
        number = _without_followers(found)
        last = first + len(number)
        before = "" if text[first] in "+(" else "_#.-+/"
        if alone(text, first, last, before=before) and _is_phone(found, number):
            yield first, last
            start = last


def _without_followers(found: re.Match[str]) -> str:
    """Leave out the numbers that follow, as a postcode does, until there are few enough digits."""
    number, most = found[0], _MOST_BRACKETS if found["brackets"] else _MOST_NATIONAL
    if found["international"] or _digits(number) <= most:
        return number
    while last := _LAST_GROUP.search(number):
        shorter = number[: last.start()]
        # A group that begins with 0 may be where the next telephone number begins.
        next_one = last["group"].startswith("0") and _digits(shorter) > _LEAST
        if _digits(number) <= most and not next_one:
            break
        number = shorter
    return number


def _digits(text: str) -> int:
    return len(_NOT_DIGITS.sub("", text))


def _is_phone(found: re.Match[str], number: str) -> bool:
    digits = _NOT_DIGITS.sub("", number)
    if found["international"]:
        digits = digits.removeprefix("00")
        return _CODE.match(digits) is not None and _LEAST <= len(digits) <= _MOST
    if found["brackets"]:
        return _LEAST <= len(digits) <= _MOST_BRACKETS
    return 9 <= len(digits) <= _MOST_NATIONAL and not _DATE.match(number)
