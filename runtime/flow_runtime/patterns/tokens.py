"""Finds credentials by the forms their issuers give them: JWTs (RFC 7519), keys of clouds and services.

Where a form has no text of its own, a word before it must say what it is.
"""

import base64
import binascii
import json
import re
import string
from collections.abc import Iterator

from flow_runtime.patterns.forms import FORMS, MARKS, mixed
from flow_runtime.patterns.spans import Span, alone, members, runs

# The look back comes after the literal, which is found fast; without it, "eyJ" a thousand times is a square.
_PART = r"[A-Za-z0-9_\-]"
_JWT = re.compile(
    rf"eyJ(?:(?<!{_PART}eyJ){_PART}{{5,}}+|(?<=[_\-]eyJ){_PART}{{5,1024}}+)(?:\.{_PART}*+){{2,4}}"
)


def jwts(text: str, raw: bytes) -> Iterator[Span]:
    """Find signed and encrypted tokens whose first part is a header."""
    if b"eyJ" not in raw:
        return
    for found in _JWT.finditer(text):
        if alone(text, *found.span()) and _is_header(found[0].partition(".")[0]):
            yield found.span()


def _is_header(part: str) -> bool:
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    return isinstance(header, dict) and ("alg" in header or "typ" in header)


_NAMED_RUN = re.compile(r"[A-Za-z0-9+/_\-]{20,}+")
_LONG = re.compile(r"[A-Za-z0-9+/_\-]{20,}+={0,2}")
_NAME = re.compile(
    r"(?ai)(?:api|access|account|auth|client|subscription|shared|session|apim|openai|azure|aws|secret)"
    r"[a-z_ \-]{0,24}(?:key|secret|token)[a-z_ \-]{0,12}"
    r"[\"'`\0]{0,2}[ \t]{0,3}(?:=>|[:=]|is)[ \t]{0,3}[\"'`\0]{0,2}\Z"
)
_AFTER_SIGN, _SIGN_ENDS = "\"'`\0 \t", tuple("=:>sS")
"""What `_NAME` may end with, and how what comes before ends."""
_NAME_LENGTH = 70
NAMED_LENGTHS = (20, 4096)
_HEX_LENGTH = 32
"""A shorter key must have small and capital letters and digits: it may be a name."""
_AWS_LENGTH = 40
_AWS_SECRET = re.compile(r"[A-Za-z0-9+/]*")


_IN_NAMED = string.ascii_letters + string.digits + "+/_-"
_FORM_CLASS = members(_IN_NAMED + "=~.%")
_HINTS = tuple({form.hint for form in FORMS})
_BEFORE = len("earer:  ")
"""A hint is in the run of its key, or so near before it."""
_DIGIT = re.compile("[0-9]")
"""Every key that a name or a length gives away has one."""


def cloud_keys(text: str, raw: bytes) -> Iterator[Span]:
    """Find keys, tokens and passwords in URLs."""
    long = list(runs(raw, _FORM_CLASS, NAMED_LENGTHS[0]))  # every key has one, but for those with a mark
    hints = [mark.decode() for mark in MARKS if mark in raw]
    if long:
        yield from _by_name(text, long)
        joined = b" ".join([raw[max(0, start - _BEFORE) : end] for start, end in long]).decode()
        hints += [hint for hint in _HINTS if hint in joined]
    if hints:
        yield from _by_form(text, hints)


def _by_form(text: str, hints: list[str]) -> Iterator[Span]:
    for form in FORMS:
        if form.hint in hints:
            for found in form.regex.finditer(text):
                start, end = found.span(1)
                if (start > found.start() or alone(text, start, end)) and form.check(found[1]):
                    yield start, end


def _by_name(text: str, long: list[Span]) -> Iterator[Span]:
    """Find long random texts that a word before them, or a length that few other texts have, gives away."""
    likely = (run for run in long if _DIGIT.search(text, *run))
    for found in (found for run in likely for found in _NAMED_RUN.finditer(text, *run)):
        key, (start, end) = found[0], found.span()
        aws = _is_aws_secret(key) and alone(text, start, end, before="~", after="=~")
        if aws or _is_named(text[max(0, start - _NAME_LENGTH) : start], key):
            yield start, end


def is_named_key(name: str, value: object) -> bool:
    """Say whether a field of an object is a key by its name and its form."""
    if not isinstance(value, str) or not NAMED_LENGTHS[0] <= len(value) <= NAMED_LENGTHS[1]:
        return False
    if " " in value:
        return False
    return _LONG.fullmatch(value) is not None and _is_named(f"{name}=", value)


def _is_named(before: str, key: str) -> bool:
    if before.rstrip(_AFTER_SIGN)[-1:] not in _SIGN_ENDS:
        return False  # as nearly always, and quickly so
    return _is_random(key) and bool(_NAME.search(before))


def _is_random(key: str) -> bool:
    if len(key) < _HEX_LENGTH:
        return mixed(key)
    return len(key) <= NAMED_LENGTHS[1] and bool(re.search("[0-9]", key))


def _is_aws_secret(key: str) -> bool:
    """Random text of 40 characters has no long stretch of small letters; a path or a program's name has."""
    return (
        len(key) == _AWS_LENGTH
        and _AWS_SECRET.fullmatch(key) is not None
        and mixed(key)
        and not re.search("[a-z]{7}", key)
    )
