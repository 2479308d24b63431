"""Images in a record become a digest: what they were, how large, and by which hash to find them again.

Knows promptflow's forms: data URLs, `{"data:image/png;base64": ...}` and bare base64 of a known kind.
"""

import base64
import binascii
import hashlib
import re
from typing import Any

_PAYLOAD = r"[A-Za-z0-9+/_\-]{8,}+={0,2}"
_DATA_URL = re.compile(
    rf"data:(image/[A-Za-z0-9.+*\-]{{1,60}})(?:;[A-Za-z0-9=\-]{{1,60}}){{0,3}};base64,({_PAYLOAD})"
)
_DATA_KEY = re.compile(r"data:(image/[A-Za-z0-9.+*\-]{1,60});base64")
_BARE = re.compile(_PAYLOAD)
BARE_LENGTH = 64
"""A shorter text that begins like an image is none."""
_BEGINNINGS = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("SUkqA", "image/tiff"),
    ("TU0AK", "image/tiff"),
)
"""What base64 makes of the magic numbers of the formats."""
BEGINNINGS = tuple(text for text, _ in _BEGINNINGS)
MARK = "data:image/"


def media_type_of_key(key: str) -> str | None:
    """Take the media type of a key that says that its value is an image in base64."""
    found = _DATA_KEY.fullmatch(key)
    return found[1] if found else None


def digest(text: str, media_type: str | None = None) -> dict[str, Any] | None:
    """Describe a text that is an image as a whole: {sha256, bytes, media_type}; None if it is none."""
    if url := _DATA_URL.fullmatch(text):
        return _described(url[2], url[1])
    if media_type is None and len(text) >= BARE_LENGTH:
        media_type = next((kind for start, kind in _BEGINNINGS if text.startswith(start)), None)
    return _described(text, media_type) if media_type and _BARE.fullmatch(text) else None


def digest_inside(text: str) -> str:
    """Put the digests of images into a text that shows some, as Markdown does."""
    return _DATA_URL.sub(_noted, text)


def _noted(found: re.Match[str]) -> str:
    described = _described(found[2], found[1])
    if described is None:
        return found[0]
    return f"[{described['media_type']}, {described['bytes']} bytes, sha256 {described['sha256']}]"


def _described(payload: str, media_type: str) -> dict[str, Any] | None:
    try:
        content = base64.b64decode(payload.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        return None
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "media_type": media_type}


_URL_SAFE = str.maketrans("-_", "+/")
