"""Finds credentials by the forms their issuers give them: JWTs (RFC 7519), keys of clouds and services.

Each form begins with a text of its own, or is looked for only where a word says what it is.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flow_runtime.collector.redact.spans import Span, alone

# The look back comes after the literal, which is found fast; without it, "eyJ" a thousand times is a square.
_JWT = re.compile(
    r"eyJ(?:(?<![A-Za-z0-9_\-]eyJ)|(?<=\\[nrt]eyJ))[A-Za-z0-9_\-]{5,}+(?:\.[A-Za-z0-9_\-]*+){2,4}"
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


@dataclass(frozen=True)
class _Form:
    """How a key looks: a text that is in each, the whole (group 1 is the key), what only a real one has."""

    hint: str
    regex: re.Pattern[str]
    check: Callable[[str], bool] = lambda _: True


def _form(hint: str, pattern: str, check: Callable[[str], bool] = lambda _: True) -> _Form:
    return _Form(hint, re.compile(pattern), check)


def _mixed(key: str) -> bool:
    """Random letters and digits, and no word, path or hash."""
    return bool(re.search("[0-9]", key)) and bool(re.search("[A-Z]", key)) and bool(re.search("[a-z]", key))


def _random(key: str) -> bool:
    """A stretch that no name of a style or a locale has."""
    return any(re.search("[0-9]", part) for part in re.findall("[A-Za-z0-9]{16,}", key))


_W = r"[A-Za-z0-9_\-]"
_FORMS = (
    _form(
        "-----BEGIN",
        r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,\-]|\\[nr])*+)",
    ),
    _form("A", r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})"),
    _form("AIza", rf"(AIza{_W}{{33,}}+)"),
    _form("ya29.", r"(ya29\.[A-Za-z0-9_.\-]{20,}+)"),
    _form("GOCSPX-", rf"(GOCSPX-{_W}{{28}})"),
    _form("sk-", rf"(sk-{_W}{{20,}}+)", _random),
    _form("gh", r"(gh[pousr]_[A-Za-z0-9]{36,}+)"),
    _form("github_pat_", r"(github_pat_[A-Za-z0-9_]{22,}+)"),
    _form("glpat-", rf"(glpat-{_W}{{20,}}+)"),
    _form("xox", r"(xox[abeoprs]-[A-Za-z0-9\-]{10,}+)"),
    _form("xapp-", r"(xapp-[A-Za-z0-9\-]{10,}+)"),
    _form("hooks.slack.com/services/", r"(hooks\.slack\.com/services/[A-Za-z0-9/]{20,}+)"),
    _form("k_", r"([rs]k_(?:live|test)_[A-Za-z0-9]{10,}+)"),
    _form("hf_", r"(hf_[A-Za-z0-9]{30,}+)"),
    _form("npm_", r"(npm_[A-Za-z0-9]{36})"),
    _form("pypi-", rf"(pypi-AgE{_W}{{50,}}+)"),
    _form("SG.", rf"(SG\.{_W}{{16,}}+\.{_W}{{40,}}+)"),
    _form("JQQJ9", r"([A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{26})"),
    _form("Q~", r"([A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34})"),
    _form("==", r"(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{86}==)", _mixed),
    _form("sig=", r"[?&;]sig=([A-Za-z0-9%+/=_\-]{40,}+)"),
    _form("://", r"://[^\s/:@?#\"'<>]{0,100}+:([^\s/@?#\"'<>]{3,100}+)@"),
)
"""Amazon, Google, OpenAI and its like, GitHub, GitLab, Slack, Stripe, Hugging Face, npm, PyPI, SendGrid,
Azure, and passwords in URLs."""
_BEARER = re.compile(r"[Bb]earer[ :]{1,3}([A-Za-z0-9._~+/\-]{20,}+=*+)")
_LONG = re.compile(r"[A-Za-z0-9+/_\-]{32,}+(={0,2})")
_NAME = re.compile(
    r"(?i)(?:api|access|account|auth|client|subscription|shared|session|apim|openai|azure|aws|secret)"
    r"[a-z_ \-]{0,24}(?:key|secret|token)[a-z_ \-]{0,12}[\"'`]?[ \t]{0,3}(?:=>|[:=]|is)[ \t]{0,3}[\"'`]?$"
)
_NAME_LENGTH = 70
NAMED_LENGTHS = (32, 4096)
_AWS_SECRET = re.compile(r"[A-Za-z0-9+/]{40}")


def _classes(members: bytes) -> bytes:
    return bytes(ord("a") if code in members else ord(" ") for code in range(256))


_IN_NAMED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_NAMED_CLASS, _FORM_CLASS = _classes(_IN_NAMED), _classes(_IN_NAMED + b"=~.")
_NAMED_RUN, _FORM_RUN = b"a" * 32, b"a" * 15
"""What every key has that is found by a word before it, or by its form: a quick no for most texts."""


def cloud_keys(text: str) -> Iterator[Span]:
    """Find keys, tokens and passwords in URLs."""
    raw = text.encode("utf-8", "replace")
    marked = b"-----BEGIN" in raw or b"sig=" in raw or (b"://" in raw and b"@" in raw)
    if marked or _FORM_RUN in raw.translate(_FORM_CLASS):
        yield from _by_form(text)
        if _NAMED_RUN in raw.translate(_NAMED_CLASS):
            yield from _by_name(text)


def _by_form(text: str) -> Iterator[Span]:
    for form in _FORMS:
        if form.hint in text:
            for found in form.regex.finditer(text):
                start, end = found.span(1)
                if (start > found.start() or alone(text, start, end)) and form.check(found[1]):
                    yield start, end
    if "earer" in text:
        yield from (found.span(1) for found in _BEARER.finditer(text))


def _by_name(text: str) -> Iterator[Span]:
    """Find long random texts that a word before them, or a length that few other texts have, gives away."""
    for found in _LONG.finditer(text):
        start, end = found.span()
        name = text[max(0, start - _NAME_LENGTH) : start]
        if _is_named(name, found[0]) or (
            _is_aws_secret(found[0]) and alone(text, start, end, before=".", after=".")
        ):
            yield start, end


def is_named_key(name: str, value: object) -> bool:
    """Say whether a field of an object is a key by its name and its form."""
    if not isinstance(value, str) or not NAMED_LENGTHS[0] <= len(value) <= NAMED_LENGTHS[1]:
        return False
    return _LONG.fullmatch(value) is not None and _is_named(f"{name}=", value)


def _is_named(before: str, key: str) -> bool:
    return len(key) <= NAMED_LENGTHS[1] and bool(re.search("[0-9]", key)) and bool(_NAME.search(before))


def _is_aws_secret(key: str) -> bool:
    """Random text of 40 characters has no long stretch of small letters; a path or a program's name has."""
    return _AWS_SECRET.fullmatch(key) is not None and _mixed(key) and not re.search("[a-z]{7}", key)
