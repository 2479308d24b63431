"""An image as a value of a flow: its bytes, its type, the URL it came from. Reads no file and no network."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Self

_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"BM", 0, "image/bmp"),
    (b"II*\x00", 0, "image/tiff"),
    (b"MM\x00*", 0, "image/tiff"),
)
"""Magic numbers, their places and what they say (the formats' own specifications)."""
ANY = "image/*"


class Image(bytes):
    """Bytes with a type, as promptflow's Image: user code may take it for bytes."""

    _mime_type: str
    source_url: str | None

    def __new__(cls, value: bytes, mime_type: str | None = None, source_url: str | None = None) -> Self:
        """Make one; a type that is not given is read off the bytes."""
        made = super().__new__(cls, value)
        made._mime_type = (mime_type or sniff(value)).lower()
        made.source_url = source_url
        return made

    @property
    def mime_type(self) -> str:
        """The type, `image/*` if unknown."""
        return self._mime_type

    @property
    def data_url(self) -> str:
        """The whole image as a URL."""
        return self.to_base64(with_type=True)

    def to_base64(self, with_type: bool = False) -> str:
        """Write the bytes as base64, with a type as a data URL."""
        text = base64.b64encode(self).decode("ascii")
        return f"data:{self._mime_type};base64,{text}" if with_type else text

    def __str__(self) -> str:
        return f"Image({hashlib.sha1(self, usedforsecurity=False).hexdigest()[:8]})"

    __repr__ = __str__


def sniff(value: bytes) -> str:
    """Say which type bytes are of by their magic number."""
    for magic, at, kind in _SIGNATURES:
        if value[at : at + len(magic)] == magic:
            return kind
    return ANY


class Lines(list[object]):
    """A list that a prompt shows line by line, so that an image in it stands alone on its line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))


def in_lines(value: object) -> object:
    """Make the lists in a value show line by line."""
    if isinstance(value, list):
        return Lines(in_lines(item) for item in value)
    if isinstance(value, dict):
        return {key: in_lines(item) for key, item in value.items()}
    return value


def images_in(values: Iterable[object]) -> dict[str, Image]:
    """Find the images in values, however deep, by the text that stands for each in a prompt."""
    found: dict[str, Image] = {}
    for value in values:
        if isinstance(value, Image):
            found[str(value)] = value
        elif isinstance(value, list):
            found.update(images_in(value))
        elif isinstance(value, dict):
            found.update(images_in(value.values()))
    return found
