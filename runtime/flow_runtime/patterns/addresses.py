"""Finds e-mail addresses (RFC 5321 and 6531) and IP addresses (RFC 791, RFC 4291)."""

import ipaddress
import re
from collections.abc import Iterator

from flow_runtime.patterns.spans import Span, alone

_ATS = {
    b"@": (b"@",),
    b"%": (b"%40",),
    b"&": (b"&#64;", b"&#x40;", b"&commat;"),
    b"\\": (b"\\u0040", b"\\x40"),
}
"""By their first character: one that a text has not is found to be missing in no time."""
_LOCAL = re.compile(r"[\w.+\-][\w.+'\-]{0,127}+\Z")
_QUOTED = re.compile(r'"[^"\n]{1,64}"\Z')
_LOCAL_LENGTH = 128
_TOP = r"(?:[A-Za-z]{2,24}(?![A-Za-z0-9])|[^\W\d_A-Za-z]{2,24}|[Xx][Nn]--[A-Za-z0-9\-]{1,59})"
_DOMAIN = re.compile(rf"(?:\w[\w\-]*+\.)+(?P<top>{_TOP})")
_FILE_ENDINGS = frozenset(["avif", "css", "gif", "jpeg", "jpg", "js", "json", "png", "svg", "ts", "webp"])
"""`logo@2x.png` is a file."""
_LATIN_TAIL = re.compile(r"(?<=[\u2e80-\uffff])[A-Za-z0-9][A-Za-z0-9.+'_\-]*$")

_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3,}+")
_WORD_LENGTH = 12
_NUMBERED = re.compile(r"(?i)\b(?:version|release|build|section|chapter|clause|article) $|[a-z]/$")
"""What is before the number of a part of a text, or of a program: `Chrome/120.0.0.0` (RFC 9110, 10.1.5)."""
_LEAST_GROUPS = 2
"""`::2` and `1::` are slices of lists far more often than addresses."""
_TWO_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_IPV6 = re.compile(r"[0-9A-Fa-f]{0,4}+(?::[0-9A-Fa-f]{0,4}+){2,}+(?:(?:\.[0-9]{1,3}){3})?")
_IPV6_LENGTH = 45
_HEX_OR_COLON = "0123456789ABCDEFabcdef:"


def emails(text: str, raw: bytes) -> Iterator[Span]:
    """Find e-mail addresses, in the forms that URLs and HTML give them too."""
    for start, end in _ats(raw):
        yield from email_at(text, start, end)


def email_at(text: str, start: int, end: int) -> Iterator[Span]:
    """Find the address around an at sign."""
    local = (_QUOTED if text.endswith('"', 0, start) else _LOCAL).search(
        text, max(0, start - _LOCAL_LENGTH), start
    )
    domain = _DOMAIN.match(text, end) if local else None
    if local is None or domain is None or domain["top"].lower() in _FILE_ENDINGS:
        return
    if local[0] == "git" and text[domain.end() : domain.end() + 1] in (":", "/"):
        return  # the address of a repository
    # Chinese and Japanese write no space before an address.
    tail = _LATIN_TAIL.search(local[0])
    yield local.start() + (tail.start() if tail else 0), domain.end()


def _ats(raw: bytes) -> Iterator[Span]:
    for at in (at for first, ats in _ATS.items() if first in raw for at in ats):
        end = 0
        while (start := raw.find(at, end)) >= 0:
            end = start + len(at)
            yield start, end


def ipv4(text: str, start: int, end: int) -> Iterator[Span]:
    """Find IPv4 addresses, but for those that name no machine: loopback, masks, 0.0.0.0."""
    if text.count(".", start, end) < 3:
        return
    for found in _IPV4.finditer(text, start, end):
        octets = [int(octet) for octet in found[0].split(".")]
        if len(octets) != 4 or max(octets) > 255 or octets[0] in (0, 127, 255):
            continue
        before = text[max(0, found.start() - _WORD_LENGTH) : found.start()]
        if alone(text, *found.span(), before=".") and not _NUMBERED.search(before):
            yield found.span()


def ipv6(text: str, _: bytes) -> Iterator[Span]:
    """Find IPv6 addresses with a digit in them, but for `::` and `::1`."""
    done = 0
    while colons := _TWO_COLONS.search(text, done):
        head = text[max(done, colons.start() - _IPV6_LENGTH) : colons.start()]
        begin = colons.start() - len(head) + len(head.rstrip(_HEX_OR_COLON))
        found = _IPV6.match(text, begin)
        done = found.end() if found else colons.end()
        if found and (span := _ipv6_in(text, *found.span())):
            yield span


def _ipv6_in(text: str, start: int, end: int) -> Span | None:
    # A colon may be the text's: `ip:2001:db8::1`, `2001:db8::1: no answer`.
    start += text.startswith(":", start) and not text.startswith("::", start)
    end -= text.endswith(":", start, end) and not text.endswith("::", start, end)
    if end - start > _IPV6_LENGTH or not alone(text, start, end):
        return None
    try:
        address = ipaddress.IPv6Address(text[start:end])
    except ValueError:
        return None
    groups = sum(map(bool, text[start:end].split(":")))
    named = groups >= _LEAST_GROUPS and any(map(str.isdigit, text[start:end]))
    return (start, end) if named and int(address) > 1 else None
