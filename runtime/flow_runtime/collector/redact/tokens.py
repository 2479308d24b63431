"""Finds credentials by the forms their issuers give them: JWTs (RFC 7519), keys of clouds and services.

Where a form has no text of its own, a word before it must say what it is.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator

from flow_runtime.collector.redact.forms import FORMS, MARKS, mixed
from flow_runtime.collector.redact.spans import Span, alone

# The look back comes after the literal, which is found fast; without it, "eyJ" a thousand times is a square.
_PART = r"[A-Za-z0-9_\-]"
_JWT = re.compile(
    rf"eyJ(?:(?<!{_PART}eyJ){_PART}{{5,}}+|(?<=[_\-]eyJ){_PART}{{5,1024}}+)(?:\.{_PART}*+){{2,4}}"
)


def jwts(text: str) -> Iterator[Span]:
    """Find signed and encrypted tokens whose first part is a header."""
    if "eyJ" not in text:
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


_LONG = re.compile(r"[A-Za-z0-9+/_\-]{32,}+={0,2}")
_NAME = re.compile(
    r"(?i)(?:api|access|account|auth|client|subscription|shared|session|apim|openai|azure|aws|secret)"
    r"[a-z_ \-]{0,24}(?:key|secret|token)[a-z_ \-]{0,12}"
    r"[\"'`\0]{0,2}[ \t]{0,3}(?:=>|[:=]|is)[ \t]{0,3}[\"'`\0]{0,2}$"
)
_NAME_LENGTH = 70
NAMED_LENGTHS = (32, 4096)
_AWS_SECRET = re.compile(r"[A-Za-z0-9+/]{40}")


def _classes(members: bytes) -> bytes:
    return bytes(ord("a") if code in members else ord(" ") for code in range(256))


_IN_NAMED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_NAMED_CLASS, _FORM_CLASS = _classes(_IN_NAMED), _classes(_IN_NAMED + b"=~.")
_NAMED_RUN, _FORM_RUN = b"a" * 32, b"a" * 20
"""What every key has that is found by a word before it, or by its form: a quick no for most texts."""


def cloud_keys(text: str) -> Iterator[Span]:
    """Find keys, tokens and passwords in URLs."""
    raw = text.encode("utf-8", "replace")
    runs = _long_runs(raw)
    marks = tuple(mark for mark in MARKS if mark in raw)
    if not runs and not marks:
        return
    for form in FORMS:
        if form.hint in runs or form.hint in marks:
            for found in form.regex.finditer(text):
                start, end = found.span(1)
                if (start > found.start() or alone(text, start, end)) and form.check(found[1]):
                    yield start, end
    yield from _by_name(text, raw)


def _long_runs(raw: bytes) -> bytes:
    """Join the stretches that are long enough for a key: a few, in most texts, and quickly searched."""
    classes, found, end = raw.translate(_FORM_CLASS) + b" ", [], 0
    while (start := classes.find(_FORM_RUN, end)) >= 0:
        end = classes.index(b" ", start)
        found.append(raw[start:end])
    return b" ".join(found)


def _by_name(text: str, raw: bytes) -> Iterator[Span]:
    """Find long random texts that a word before them, or a length that few other texts have, gives away."""
    runs, end = raw.translate(_NAMED_CLASS) + b" ", 0
    first = passed = 0
    while (start := runs.find(_NAMED_RUN, end)) >= 0:
        end = runs.index(b" ", start)
        key = raw[start:end].decode()
        before = raw[max(0, start - _NAME_LENGTH) : start].decode("utf-8", "replace")
        # On from the last one: from the beginning each time is a square.
        first += start - passed if text.isascii() else len(raw[passed:start].decode())
        passed = start
        span = first, first + len(key)
        aws = _is_aws_secret(key) and alone(text, *span, before="~", after="=~")
        if aws or _is_named(before, key):
            yield span


def is_named_key(name: str, value: object) -> bool:
    """Say whether a field of an object is a key by its name and its form."""
    if not isinstance(value, str) or not NAMED_LENGTHS[0] <= len(value) <= NAMED_LENGTHS[1]:
        return False
    if " " in value:
        return False
    return _LONG.fullmatch(value) is not None and _is_named(f"{name}=", value)


def _is_named(before: str, key: str) -> bool:
    return len(key) <= NAMED_LENGTHS[1] and bool(re.search("[0-9]", key)) and bool(_NAME.search(before))


def _is_aws_secret(key: str) -> bool:
    """Random text of 40 characters has no long stretch of small letters; a path or a program's name has."""
    return _AWS_SECRET.fullmatch(key) is not None and mixed(key) and not re.search("[a-z]{7}", key)
