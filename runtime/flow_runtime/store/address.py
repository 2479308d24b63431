"""A store's URL, taken apart."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from flow_runtime.store.errors import StoreRefusedError
from flow_runtime.store.text import line

FORMS = "s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or file:///folder"


@dataclass(frozen=True)
class Address:
    """Which provider, which bucket, and where in it."""

    scheme: str
    bucket: str
    """Empty for a file system."""
    prefix: str
    """Without a slash at either end."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart. StoreRefusedError says which forms there are."""
        try:
            parts = urlsplit(url.rstrip("/"))
        except ValueError:
            raise StoreRefusedError(f"store URL {line(url)!r}: use {FORMS}") from None
        local, prefix = parts.scheme == "file", unquote(parts.path).strip("/")
        known = parts.scheme in ("s3", "az", "gs") and bool(parts.netloc)
        if not (known or (local and not parts.netloc and parts.path.startswith("/"))) or "@" in parts.netloc:
            raise StoreRefusedError(f"store URL {line(url)!r}: use {FORMS}")
        if parts.query or parts.fragment or ".." in prefix.split("/"):
            raise StoreRefusedError(
                f"store URL {line(url)!r}: no '..', no query and no fragment; use {FORMS}"
            )
        return cls(parts.scheme, parts.netloc, prefix)
