"""The id that a caller gives its request: shown as it came, unless it may be a secret.

It is in answers, logs, spans, records and feedback, so an address or a key that somebody sends as an id would
be in all of them. Such a request gets an id of ours; what was sent still decides whether it is sampled.
"""

import re
from collections.abc import Mapping

from flow_runtime.patterns.find import find

_FORM = re.compile(rb"[A-Za-z0-9._:\-]{1,128}")
_KINDS = ("cloudKey", "jwt", "email", "iban", "creditCard")
"""Not telephone numbers and IP addresses: ids are made of such numbers."""


def sent_id(headers: Mapping[bytes, bytes]) -> bytes:
    """Take what the caller sent, whatever it is: to draw by, never to be shown."""
    return headers.get(b"x-request-id") or headers.get(b"x-ms-client-request-id") or b""


def shown_id(sent: bytes) -> str | None:
    """Give a caller's id as text; None if it has another form than an id, or that of a secret."""
    if not _FORM.fullmatch(sent):
        return None
    text = sent.decode("ascii")
    return None if find(text, _KINDS) else text
